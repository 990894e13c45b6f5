// The list of what dist/mailq holds, as CycloneDX 1.6 has it: the runtime, SQLite, and the npm packages
// that its source imports, with the versions and sums of the lock file. Called by package.ts.

interface Lock {
  readonly npm: Readonly<
    Record<string, { readonly integrity?: string; readonly dependencies?: readonly string[] }>
  >;
}

/** What the program says of itself by `--version --json`. */
export interface Versions {
  readonly version: string;
  readonly deno: string;
  readonly sqlite: string;
}

interface Component {
  readonly type: "library" | "platform";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

/** The list as JSON; `time` is in seconds since 1970. The same sources give the same text. */
export async function makeSbom(versions: Versions, time: number): Promise<string> {
  const lock: Lock = JSON.parse(await Deno.readTextFile("deno.lock"));
  const packages = [...await heldPackages(lock)].sort().map((key) => component(key, lock));
  const platform = (name: string, version: string, purl: string): Component => ({
    type: "platform",
    "bom-ref": purl,
    name,
    version,
    purl,
  });
  const components = [
    platform("deno", versions.deno, `pkg:github/denoland/deno@v${versions.deno}`),
    platform("sqlite", versions.sqlite, `pkg:generic/sqlite@${versions.sqlite}`),
    ...packages,
  ];
  const bom = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: new Date(time * 1_000).toISOString(),
      component: {
        type: "application",
        "bom-ref": "mailq",
        name: "mailq",
        version: versions.version,
        licenses: [{ license: { id: "MIT" } }],
      },
    },
    components,
    dependencies: [{ ref: "mailq", dependsOn: components.map((one) => one["bom-ref"]) }],
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

/** `ink@8.0.0_react@19.3.1` is Ink with the React it found. */
function component(key: string, lock: Lock): Component {
  const [, name = "", version = ""] = /^(@?[^@]+)@([^_]+)/.exec(key) ?? [];
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  const integrity = lock.npm[key]?.integrity ?? "";
  return {
    type: "library",
    "bom-ref": purl,
    name,
    version,
    purl,
    hashes: [{ alg: "SHA-512", content: hex(integrity.replace(/^sha512-/, "")) }],
  };
}

function hex(base64: string): string {
  return Array.from(atob(base64), (one) => one.charCodeAt(0).toString(16).padStart(2, "0")).join(
    "",
  );
}

/** The lock file's keys of the packages that the source imports, and of all that they need. Types alone
 *  are held by nobody. */
async function heldPackages(lock: Lock): Promise<ReadonlySet<string>> {
  const keys = Object.keys(lock.npm);
  const held = new Set<string>();
  const hold = (wanted: string) => {
    const begins = wanted.indexOf("@", 1) > 0 ? wanted : `${wanted}@`;
    for (const key of keys) {
      if (held.has(key) || key !== begins && !key.startsWith(begins)) continue;
      if (key.startsWith("@types/")) continue;
      held.add(key);
      lock.npm[key]?.dependencies?.forEach(hold);
    }
  };
  for await (const source of modules("src")) {
    const imported = source.matchAll(
      /(?:from |import\(\s*|resolve\(\s*)"(@[\w.-]+\/[\w.-]+|[\w-][\w.-]*)/g,
    );
    for (const [, name = ""] of imported) hold(name);
  }
  return held;
}

async function* modules(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* modules(path);
    else if (/\.tsx?$/.test(name)) yield await Deno.readTextFile(path);
  }
}
