// Compiles a library that is laid below the program under test (LD_PRELOAD): recorder.c, shim.c.

import assert from "node:assert/strict";

/** The library of a C source, in a folder that goes with this process; null where there is no C
 *  compiler. */
export async function buildLibrary(source: URL): Promise<string | null> {
  const folder = await Deno.makeTempDir({ prefix: "mailq-library-" });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const library = `${folder}/below.so`;
  try {
    const { success, stderr } = await new Deno.Command("cc", {
      args: ["-shared", "-fPIC", "-O1", "-o", library, source.pathname, "-ldl"],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return library;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
