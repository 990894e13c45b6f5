// Lays the packages of deno.lock out as esbuild looks for them. Called by compile.ts and by the test
// of the chunks.

/** A new folder with a folder node_modules: what deno.json of the folder `root` names, in the
 *  versions of its lock file; throws if that is not up to date. */
export async function installPackages(root: string): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "mailq-packages-" });
  for (const file of ["deno.json", "deno.lock"]) {
    await Deno.copyFile(`${root}/${file}`, `${folder}/${file}`);
  }
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--quiet", "--frozen", "--node-modules-dir=auto"],
    cwd: folder,
    stdout: "null",
    stderr: "inherit",
  }).output();
  if (!success) {
    await Deno.remove(folder, { recursive: true });
    throw new Error("Cannot install the packages of deno.lock");
  }
  return folder;
}
