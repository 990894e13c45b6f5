// The list of what dist/mailq holds, as CycloneDX 1.6 has it: the runtime, SQLite, and the npm packages
// of which code is in its chunks, with the sums of the lock file. Called by package.ts.

/** The source maps of the chunks, which compile.ts writes beside them: they name every file that a
 *  chunk has code of. */
const MAPS = "dist/maps";

interface Lock {
  readonly npm: Readonly<Record<string, { readonly integrity: string }>>;
}

/** A package that lies where Deno lays out those of a lock file. */
interface HeldPackage {
  readonly name: string;
  readonly version: string;
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
  const packages = (await heldPackages()).map((held) => component(held, lock));
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

/** Throws if the lock file does not have it: then the binary is not built of that. */
function component({ name, version }: HeldPackage, lock: Lock): Component {
  // `ink@8.0.0_react@19.3.1` is Ink with the React it found.
  const key = Object.keys(lock.npm).find((key) => key.split("_")[0] === `${name}@${version}`);
  const integrity = lock.npm[key ?? ""]?.integrity;
  if (integrity === undefined) throw new Error(`Cannot find ${name}@${version} in deno.lock`);
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
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

/** The packages of which a chunk has code, by name and version. */
async function heldPackages(): Promise<HeldPackage[]> {
  const held = new Map<string, HeldPackage>();
  for await (const { name: file } of Deno.readDir(MAPS)) {
    const { sources }: { readonly sources: readonly string[] } = JSON.parse(
      await Deno.readTextFile(`${MAPS}/${file}`),
    );
    for (const path of sources) {
      const found = /\/\.deno\/[^/]+@([^@_/]+)[^/]*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(
        path,
      );
      if (found === null) {
        if (path.includes("node_modules")) throw new Error(`Cannot tell whose ${path} is`);
        continue;
      }
      const [, version = "", name = ""] = found;
      held.set(`${name}@${version}`, { name, version });
    }
  }
  return [...held].sort(([a], [b]) => a < b ? -1 : 1).map(([, one]) => one);
}
