import { childOk } from "../support/child.ts";
import { require } from "./requirements.ts";

const MOUNT = "/usr/bin/mount";
const UMOUNT = "/usr/bin/umount";

/** A file system of a few MB, in memory, at a folder of its own. */
export class SmallDisk implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  /** With `files`, of so many files and folders at most. */
  static async mount(
    sizeBytes: number,
    { files }: { readonly files?: number } = {},
  ): Promise<SmallDisk> {
    require(MOUNT, UMOUNT);
    const folder = await Deno.makeTempDir({ prefix: "mailq-disk-" });
    const most = files === undefined ? "" : `,nr_inodes=${files}`;
    const options = `size=${sizeBytes},mode=0755${most}`;
    await childOk([MOUNT, "-t", "tmpfs", "-o", options, "mailq", folder]);
    return new SmallDisk(folder);
  }

  /** From now on it can only be read. */
  async makeReadOnly(): Promise<void> {
    await childOk([MOUNT, "-o", "remount,ro", this.folder]);
  }

  get #filler(): string {
    return `${this.folder}/filler`;
  }

  /** Takes all the space there is, but for `leaveBytes`. Returns what it took. */
  fill(leaveBytes = 0): number {
    using file = Deno.openSync(this.#filler, { create: true, write: true, append: true });
    const block = new Uint8Array(4096);
    try {
      for (;;) file.writeSync(block);
    } catch {
      // The disk is full.
    }
    const taken = Math.max(0, file.statSync().size - leaveBytes);
    file.truncateSync(taken);
    return taken;
  }

  free(): void {
    Deno.removeSync(this.#filler);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Lazily: after a failed test somebody may still have a file of it open.
    await childOk([UMOUNT, "--lazy", this.folder]);
    await Deno.remove(this.folder);
  }
}
