import { runChild } from "../support/child.ts";

export const ROOT = new URL("../../", import.meta.url).pathname;

/** A program with a module that is loaded later, one of several that a name chooses, a thread, and
 *  the means to see what was loaded. */
const PROGRAM: Readonly<Record<string, string>> = {
  "main.ts": `import { run } from "./src/run.ts";
await run(Deno.args[0] ?? "");
`,
  "src/run.ts": `console.log("run");
// It may be written import(import.meta.resolve("./not_there.ts")) in a comment.
export async function run(name: string): Promise<void> {
  if (name === "later") {
    const { breakDown }: typeof import("./later.ts") = await import(
      import.meta.resolve("./later.ts")
    );
    breakDown();
  }
  if (name === "thread") {
    const worker = new Worker(import.meta.resolve("./rooms/thread.ts"), { type: "module" });
    const said = Promise.withResolvers<string>();
    worker.onmessage = ({ data }) => said.resolve(data);
    console.log(await said.promise);
    worker.terminate();
  }
  if (name.startsWith("rooms/")) await import(import.meta.resolve(\`./\${name}.ts\`));
  if (name === "chosen") await load<typeof import("./one.ts")>("one");
}
const load = <Module>(name: string): Promise<Module> => import(import.meta.resolve(\`./\${name}.ts\`));
`,
  "src/later.ts": `console.log("later");

interface Reason {
  readonly text: string;
}

class Machine {
  #stop(reason: Reason): never {
    throw new TypeError(reason.text);
  }

  stop(): void {
    this.#stop({ text: "broken down" });
  }
}

export function breakDown(): void {
  new Machine().stop();
}
`,
  "src/one.ts": `console.log("one");
export const one = 1;
`,
  "src/two.ts": `console.log("two");
export const two = 2;
`,
  "src/rooms/thread.ts": `import { one } from "../one.ts";
postMessage(\`thread \${one}\`);
`,
  "deno.json": `{ "version": "0.1.0" }
`,
};

/** A folder to build in, with a Deno that makes a program which says what it runs on. */
export class Yard implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  /** `base` is the version of Deno that the program will say it runs on. */
  static async make(base: string): Promise<Yard> {
    const folder = await Deno.makeTempDir({ prefix: "mailq-build-" });
    const yard = new Yard(folder);
    for (const [name, text] of Object.entries(PROGRAM)) await yard.write(name, text);
    await yard.write("deno.lock", `{ "version": "5" }\n`);
    await yard.write("dist/mailq", "the last build");
    const deno = `#!/bin/sh
echo "$PWD: $*" >> "${folder}/compiled"
cat > ../mailq.new <<'END'
#!/bin/sh
[ "$*" = "--version --json" ] && echo '{"version": "0.1.0", "deno": "${base}"}'
END
chmod 755 ../mailq.new
`;
    await Deno.writeTextFile(`${folder}/deno`, deno, { mode: 0o755 });
    return yard;
  }

  async write(name: string, text: string): Promise<void> {
    const path = `${this.folder}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, text);
  }

  compile(env: Readonly<Record<string, string>> = {}, ...args: string[]) {
    return this.#deno(["run", "--quiet", "--allow-all", `${ROOT}.ci/compile.ts`, ...args], {
      env: { MAILQ_CHECK_BUILD: "", ...env, COMPILE_DENO: `${this.folder}/deno` },
    });
  }

  /** Runs the chunks of the last build. */
  run(...args: string[]) {
    return this.#deno(["run", "--no-config", "--allow-all", "dist/chunks/mailq.js", ...args]);
  }

  /** What traceback.ts makes of a text. */
  traceback(stdin: string) {
    return this.#deno(["run", "--quiet", "--allow-read", `${ROOT}.ci/traceback.ts`], { stdin });
  }

  #deno(args: readonly string[], options: Parameters<typeof runChild>[1] = {}) {
    return runChild([Deno.execPath(), ...args], {
      cwd: this.folder,
      ...options,
      env: { NO_COLOR: "1", ...options.env },
    });
  }

  async chunks(): Promise<string[]> {
    const names = await Array.fromAsync(Deno.readDir(`${this.folder}/dist/chunks`));
    return names.map(({ name }) => name.replace(/-[A-Z0-9]{8}\.js$/, "")).sort();
  }

  async hasNewBuild(): Promise<boolean> {
    for (const { name } of Deno.readDirSync(`${this.folder}/dist`)) {
      if (name === "mailq.new") throw new Error("what a failed build made is left");
    }
    return await Deno.readTextFile(`${this.folder}/dist/mailq`) !== "the last build";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
