// Lays the packages of deno.lock out as esbuild looks for them. Called by compile.ts and by the test
// of the chunks.

/** Makes a folder anew, and in it a folder node_modules: what deno.json of the folder `root` names, in
 *  the versions of its lock file; throws if that is not up to date. */
export async function installPackages(root: string, folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder, { recursive: true });
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
}
