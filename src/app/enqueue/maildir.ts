import type { Settings } from "../../config/settings.ts";
import type { Maildir, MaildirFile } from "../../intake/sources/maildir.ts";
import { MaildirBatch, setAside } from "../../intake/sources/maildir_batch.ts";
import type { IntakeOptions } from "../../intake/options.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import type { Context } from "../../cli/frame/context.ts";
import { enqueueInputs } from "./enqueue.ts";

/** Files that go into one call where a bad one must not stop the others. */
const SOME = 500;

/** Takes the mail of a Maildir into the queue. */
export class MaildirTaker {
  /** Files that stay where they are, by key: what could not be queued, and what was queued but could
   *  not be taken away. They are told once. */
  readonly #passedOver = new Set<string>();
  #hasLeft = false;

  constructor(
    readonly context: Context,
    readonly settings: Settings,
    readonly maildir: Maildir,
    readonly options: IntakeOptions,
    readonly setsAside: boolean,
  ) {}

  /** Queues all there is or nothing. */
  async takeAll(): Promise<void> {
    try {
      await this.#enqueue(this.maildir.files(), () => {});
    } catch (error) {
      if (!isAboutMessage(error)) throw error;
      throw new MailqError(
        error.code,
        `${error.message}; nothing was queued (--set-aside renames such files to ` +
          ".rejected-NAME and queues the rest)",
        { cause: error },
      );
    }
  }

  /** Queues all there is but for what cannot be queued, which is told; stops early where the process
   *  is told to. */
  async takeSome(): Promise<void> {
    const files = this.maildir.files();
    await this.#takeEach(files.filter((file) => !this.#isPassedOver(file)));
  }

  /** Whether something was left that is not queued, other than what was set aside. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  #isPassedOver(file: MaildirFile): boolean {
    return this.#passedOver.size > 0 && this.#passedOver.has(this.maildir.keyOf(file));
  }

  async #takeEach(files: readonly MaildirFile[]): Promise<void> {
    const signal = this.context.stopSignal();
    for (let at = 0; at < files.length && !signal.aborted;) {
      const some = files.slice(at, at + SOME);
      const bad = await this.#enqueueUpToBad(some);
      if (bad === null) at += some.length;
      else {
        // Those before it were prepared without a fault: they go in this time.
        await this.#takeEach(some.slice(0, bad.index));
        this.#refuse(some[bad.index], bad.error);
        at += bad.index + 1;
      }
    }
  }

  async #enqueueUpToBad(
    files: readonly MaildirFile[],
  ): Promise<{ readonly index: number; readonly error: MailqError } | null> {
    let index = -1;
    try {
      await this.#enqueue(files, (file) => index = file === null ? -1 : files.indexOf(file));
      return null;
    } catch (error) {
      const isAboutFile = isAboutMessage(error) ||
        (error instanceof MailqError && error.code === "input_unreadable");
      if (!isAboutFile || index < 0) throw error;
      return { index, error };
    }
  }

  /** Queues files in one call; where it fails `onFault` is told at which. */
  async #enqueue(
    files: readonly MaildirFile[],
    onFault: (file: MaildirFile | null) => void,
  ): Promise<void> {
    const { context, options } = this;
    const now = context.now();
    using batch = new MaildirBatch(this.maildir, files, options, now);
    try {
      await enqueueInputs(context, this.settings, batch.inputs(), { ...options, now });
      for (const file of batch.left) this.#passedOver.add(this.maildir.keyOf(file));
    } catch (error) {
      onFault(batch.current);
      throw error;
    } finally {
      await context.closeStore();
    }
  }

  /** A message's fault stays with it. What cannot be read now may be readable later. */
  #refuse(file: MaildirFile | undefined, error: MailqError): void {
    if (file === undefined) return;
    const { output } = this.context;
    let what = "left where it is";
    if (this.setsAside && isAboutMessage(error)) {
      try {
        setAside(file);
        return output.warn(`set aside as .rejected-${file.name}: ${error.message}`);
      } catch (reason) {
        what = `cannot be set aside (${errorText(reason)})`;
      }
    }
    this.#hasLeft = true;
    this.#passedOver.add(this.maildir.keyOf(file));
    output.warn(`${what}: ${error.message}`);
  }
}

function isAboutMessage(error: unknown): error is MailqError {
  return error instanceof MailqError &&
    (error.code === "bad_message" || error.code === "bad_address");
}
