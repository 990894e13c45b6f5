// Makes a Debian package of files and of the scripts in a folder beside this file. package.ts says which
// files; dpkg-deb packs them. The same files give the same package, byte for byte.

/** A file of a package. */
export interface PackedFile {
  readonly path: string;
  /** Its content, a file to be copied, or what it links to. */
  readonly content: Uint8Array | { readonly from: string } | { readonly link: string };
  readonly mode?: number;
}

interface Deb {
  readonly name: "mailq" | "mailq-mta";
  readonly version: string;
  readonly architecture: string;
  readonly files: readonly PackedFile[];
  /** Files that a person may have changed, which an upgrade asks about. */
  readonly settings?: readonly string[];
  /** Seconds since 1970, the time of every file. */
  readonly time: number;
  /** As dpkg-deb has it: xz, gzip, none. */
  readonly compression: string;
  readonly to: string;
}

const HERE = new URL("./", import.meta.url).pathname;
const SCRIPTS = ["preinst", "postinst", "prerm", "postrm"];

/** Packs it and returns the package's path. */
export async function makeDeb(deb: Deb): Promise<string> {
  const root = await Deno.makeTempDir({ prefix: "mailq-deb-" });
  try {
    await Deno.chmod(root, 0o755);
    for (const file of deb.files) await put(root, file);
    await putControl(root, deb);
    await setTimes(root, deb.time);
    const path = `${deb.to}/${deb.name}_${deb.version}_${deb.architecture}.deb`;
    await run("dpkg-deb", ["--root-owner-group", `-Z${deb.compression}`, "--build", root, path], {
      SOURCE_DATE_EPOCH: String(deb.time),
    });
    return path;
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function put(root: string, { path, content, mode = 0o644 }: PackedFile): Promise<void> {
  const to = `${root}/${path}`;
  await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true, mode: 0o755 });
  if ("link" in content) return await Deno.symlink(content.link, to);
  if ("from" in content) await Deno.copyFile(content.from, to);
  else await Deno.writeFile(to, content);
  await Deno.chmod(to, mode);
}

async function putControl(root: string, deb: Deb): Promise<void> {
  const folder = `${HERE}${deb.name}`;
  const { size, sums } = await measure(root);
  await Deno.mkdir(`${root}/DEBIAN`, { mode: 0o755 });
  const control = (await Deno.readTextFile(`${folder}/control`))
    .replaceAll("@VERSION@", deb.version)
    .replaceAll("@ARCHITECTURE@", deb.architecture)
    .replaceAll("@SIZE@", String(Math.ceil(size / 1024)));
  await Deno.writeTextFile(`${root}/DEBIAN/control`, control);
  await Deno.writeTextFile(`${root}/DEBIAN/md5sums`, sums);
  if (deb.settings !== undefined) {
    await Deno.writeTextFile(`${root}/DEBIAN/conffiles`, `${deb.settings.join("\n")}\n`);
  }
  for (const name of SCRIPTS) {
    if (!await isThere(`${folder}/${name}`)) continue;
    await Deno.copyFile(`${folder}/${name}`, `${root}/DEBIAN/${name}`);
    await Deno.chmod(`${root}/DEBIAN/${name}`, 0o755);
  }
}

/** The size of all files, and their sums as dpkg wants them. */
async function measure(root: string): Promise<{ size: number; sums: string }> {
  const paths = (await filesBelow(root)).sort();
  let size = 0;
  for (const path of paths) size += (await Deno.lstat(`${root}/${path}`)).size;
  const { stdout } = await new Deno.Command("md5sum", { args: paths, cwd: root }).output();
  return { size, sums: new TextDecoder().decode(stdout) };
}

/** Files, without folders and links. */
async function filesBelow(root: string, folder = ""): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(`${root}/${folder}`)) {
    if (isDirectory) paths.push(...await filesBelow(root, `${folder}${name}/`));
    else if (isFile) paths.push(folder + name);
  }
  return paths;
}

async function setTimes(root: string, time: number): Promise<void> {
  await run("find", [root, "-exec", "touch", "--no-dereference", `--date=@${time}`, "{}", "+"]);
}

/** Throws what it said if it fails. */
export async function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args], env })
    .output();
  const decoder = new TextDecoder();
  if (code === 0) return decoder.decode(stdout);
  throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${decoder.decode(stderr)}`);
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
