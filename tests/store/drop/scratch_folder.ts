/** A folder of its own for a test. */
export class ScratchFolder implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(): Promise<ScratchFolder> {
    return new ScratchFolder(await Deno.makeTempDir({ prefix: "mailq-drop-" }));
  }

  /** A drop folder in it, as the queue's owner has it. */
  async drop(mode = 0o1733): Promise<string> {
    const path = `${this.path}/drop`;
    await Deno.mkdir(path);
    await Deno.chmod(path, mode);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** The names in a folder but for those that are always there. */
export function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name !== "taken" && name !== "refused").sort();
}
