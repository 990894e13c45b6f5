// Makes the chunks of JavaScript that the program is compiled of, from the source and its packages.
// Called by compile.ts. What the source loads later is a chunk, and so is what a thread starts with:
// both are found in the source, and need no list here.

import { build, type Plugin, stop, transform } from "esbuild";
import { isBuiltin } from "node:module";
import { asLiterals, threadsOf } from "./later.ts";

/** A file of the program. */
export interface Chunk {
  readonly name: string;
  readonly code: Uint8Array;
  /** Its source map: no part of the program, but for traceback.ts. */
  readonly map: Uint8Array;
}

/** What the program begins with. */
export const MAIN_CHUNK = "mailq.js";

/** The chunks of the program whose main.ts and src are in the folder `root`, and its packages in the
 *  folder `packages`; chunks lie in one folder, and no name but that of the main one is fixed. */
export async function bundle(root: string, packages: string): Promise<Chunk[]> {
  try {
    const threads = new Set<string>();
    for await (const path of sources(`${root}/src`)) {
      for (const thread of threadsOf(path, await Deno.readTextFile(path))) threads.add(thread);
    }
    const { outputFiles } = await build({
      absWorkingDir: root,
      entryPoints: [
        { in: `${root}/main.ts`, out: MAIN_CHUNK.replace(/\.js$/, "") },
        ...[...threads].map((path) => ({ in: path, out: threadName(root, path) })),
      ],
      outdir: `${root}/dist`,
      write: false,
      bundle: true,
      splitting: true,
      chunkNames: "[name]-[hash]",
      format: "esm",
      platform: "node",
      conditions: ["deno"],
      nodePaths: [packages],
      jsx: "automatic",
      define: { "process.env.NODE_ENV": '"production"' },
      minifyWhitespace: true,
      minifySyntax: true,
      legalComments: "none",
      sourcemap: "external",
      sourcesContent: false,
      logLevel: "error",
      plugins: [ourSource(root), theirPackages],
    });
    const contents = new Map(outputFiles.map(({ path, contents }) => [path, contents]));
    return [...contents].flatMap(([path, code]) => {
      const map = contents.get(`${path}.map`);
      return map === undefined ? [] : [{ name: path.slice(path.lastIndexOf("/") + 1), code, map }];
    });
  } finally {
    await stop();
  }
}

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sources(path);
    else if (/\.tsx?$/.test(name)) yield path;
  }
}

/** A chunk's name, which says where its source is. */
function threadName(root: string, path: string): string {
  return path.slice(root.length + "/src/".length).replace(/\.tsx?$/, "").replaceAll("/", ".");
}

function ourSource(root: string): Plugin {
  return {
    name: "our source",
    setup({ onLoad }) {
      onLoad({ filter: /\.tsx?$/ }, async ({ path }) => {
        if (path.includes("/node_modules/")) return null;
        const text = await Deno.readTextFile(path);
        return {
          contents: asLiterals(path, text, (thread) => `./${threadName(root, thread)}.js`),
          loader: path.endsWith("x") ? "tsx" : "ts",
        };
      });
    },
  };
}

const NODE = "a module of Node";
const ABSENT = "not a part of the program";

/** Node's modules are Deno's; what a package would use if somebody had installed it is not there. */
const theirPackages: Plugin = {
  name: "their packages",
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (isBuiltin(path)) {
        const name = path.startsWith("node:") ? path : `node:${path}`;
        return kind === "require-call"
          ? { path: name, namespace: NODE }
          : { path: name, external: true };
      }
      if (pluginData === ABSENT || !importer.includes("/node_modules/")) return null;
      const found = await resolve(path, { kind, importer, resolveDir, pluginData: ABSENT });
      return found.errors.length === 0 ? found : { path, namespace: ABSENT };
    });
    onLoad({ filter: /./, namespace: NODE }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
    onLoad({ filter: /./, namespace: ABSENT }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${path} is ${ABSENT}`)});
export default undefined;`,
    }));
    onLoad({ filter: /\/node_modules\/.*\.[cm]?js$/ }, async ({ path }) => {
      // Names of our own source stay: a traceback is read by them. Packages ask objects for the names
      // of their classes.
      const { code } = await transform(await Deno.readTextFile(path), {
        minifyIdentifiers: true,
        keepNames: true,
      });
      return { contents: code, loader: "js" };
    });
  },
};
