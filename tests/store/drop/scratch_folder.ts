/** A folder of its own for a test. */
export class ScratchFolder implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(): Promise<ScratchFolder> {
    return new ScratchFolder(await Deno.makeTempDir({ prefix: "mailq-drop-" }));
  }

  /** A drop folder in it, as the queue's owner has it. */
  async drop(mode = 0o1733): Promise<string> {
    const path = `${this.path}/drop`;
    for (const folder of [path, `${path}/taken`, `${path}/refused`]) {
      await Deno.mkdir(folder, { mode: 0o700 });
    }
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
