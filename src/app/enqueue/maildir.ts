// Takes the mail of a Maildir into the queue, each file removed once its message is on disk. Called
// by the command that was given a Maildir. How files are found, marked and read is
// src/intake/sources's; waiting for more is maildir_watch.ts's.

import type { Settings } from "../../config/settings.ts";
import { Maildir, type MaildirFile } from "../../intake/sources/maildir.ts";
import { MaildirBatch, setAside } from "../../intake/sources/maildir_batch.ts";
import type { IntakeOptions } from "../../intake/options.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { App } from "../app.ts";
import { tryLock } from "../lock_file.ts";
import { type DestinationApp, openDestination } from "./destination.ts";
import { enqueueInputs, type Queued } from "./enqueue.ts";
import { watchMaildir } from "./maildir_watch.ts";

/** How a Maildir is taken in. */
interface MaildirOptions {
  readonly intake: IntakeOptions;
  /** Renames files that cannot be queued and goes on. */
  readonly setsAside: boolean;
  /** Goes on until told to stop, and takes what comes. */
  readonly isWatched: boolean;
  /** Called for each commit, as long as the queue is open (null if it is not this process's to
   *  read). The mail is on disk: must not reject. */
  readonly onQueued: (queued: Queued, queue: Store | null) => Promise<void>;
}

/** What taking a Maildir in needs. */
type MaildirApp = DestinationApp & Pick<App, "stopSignal" | "wait">;

/** Takes in all files of a Maildir or, if it neither sets aside nor watches, none. Returns whether
 *  something was left that is not queued, other than what was set aside. Throws `input_unreadable`
 *  for what is no Maildir, and `busy` if another mailq is at work on it. */
export async function takeMaildir(
  app: MaildirApp,
  settings: Settings,
  path: string,
  options: MaildirOptions,
): Promise<{ readonly hasLeft: boolean }> {
  const maildir = Maildir.open(path);
  using _lock = await lockMaildir(app, maildir);
  const taker = new MaildirTaker(app, settings, maildir, options);
  const odd = maildir.oddNameError();
  if (odd !== null && !options.isWatched && !options.setsAside) throw odd;
  if (odd !== null) taker.leave(odd);
  if (options.isWatched) await watchMaildir(app, maildir, taker);
  else if (options.setsAside) await taker.takeSome();
  else await taker.takeAll();
  return { hasLeft: taker.hasLeft };
}

/** Whether an error says that a message cannot be queued as it is. */
export function isAboutMessage(error: unknown): error is MailqError {
  return error instanceof MailqError &&
    (error.code === "bad_message" || error.code === "bad_address");
}

/** Files that go into one call where a bad one must not stop the others. */
const SOME = 500;

class MaildirTaker {
  /** Files that stay where they are, by key: what could not be queued, and what was queued but could
   *  not be taken away. They are told once. */
  readonly #passedOver = new Set<string>();
  #hasLeft = false;

  constructor(
    readonly app: MaildirApp,
    readonly settings: Settings,
    readonly maildir: Maildir,
    readonly options: MaildirOptions,
  ) {}

  /** Queues all there is or nothing. */
  async takeAll(): Promise<void> {
    await this.#enqueue(this.maildir.files(), () => {});
  }

  /** Queues all there is but for what cannot be queued, which is told; stops early where the process
   *  is told to. */
  async takeSome(): Promise<void> {
    const files = this.maildir.files();
    await this.#takeEach(files.filter((file) => !this.#isPassedOver(file)));
  }

  /** Tells of what stays where it is. */
  leave({ message }: MailqError): void {
    this.#hasLeft = true;
    this.app.tell.warn(`left where it is: ${message}`);
  }

  /** Whether something was left that is not queued, other than what was set aside. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  #isPassedOver(file: MaildirFile): boolean {
    return this.#passedOver.size > 0 && this.#passedOver.has(this.maildir.keyOf(file));
  }

  async #takeEach(files: readonly MaildirFile[]): Promise<void> {
    const signal = this.app.stopSignal();
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
    const { app, options } = this;
    const intake = { ...options.intake, now: app.clock.now() };
    using batch = new MaildirBatch(this.maildir, files, intake, intake.now);
    // Opened for each call and closed again: a watch may wait for days between two.
    const destination = await openDestination(app, this.settings);
    try {
      const queued = await enqueueInputs(app, destination, batch.inputs(), intake);
      for (const file of batch.left) this.#passedOver.add(this.maildir.keyOf(file));
      await options.onQueued(queued, destination.queue);
    } catch (error) {
      onFault(batch.current);
      throw error;
    } finally {
      if (destination.queue !== null) await app.closeQueue(destination.queue);
    }
  }

  /** A message's fault stays with it. What cannot be read now may be readable later. */
  #refuse(file: MaildirFile | undefined, error: MailqError): void {
    if (file === undefined) return;
    const { tell } = this.app;
    let what = "left where it is";
    if (this.options.setsAside && isAboutMessage(error)) {
      try {
        setAside(file);
        return tell.warn(`set aside as .rejected-${file.name}: ${error.message}`);
      } catch (reason) {
        what = `cannot be set aside (${errorText(reason)})`;
      }
    }
    this.#hasLeft = true;
    this.#passedOver.add(this.maildir.keyOf(file));
    tell.warn(`${what}: ${error.message}`);
  }
}

const LOCK_WAIT_MS = 3_000;
const LOCK_POLL_MS = 100;

/** Keeps a second mailq from a Maildir. The lock ends with the process. Throws `busy`. */
async function lockMaildir(
  app: Pick<App, "clock" | "wait">,
  maildir: Maildir,
): Promise<Disposable> {
  const path = `${maildir.path}/.mailq-lock`;
  const giveUpAt = app.clock.now() + LOCK_WAIT_MS;
  for (;;) {
    const lock = await tryLock({ path, advice: "mailq must be able to write in the Maildir" });
    if (lock !== null) return { [Symbol.dispose]: () => lock.release() };
    if (app.clock.now() >= giveUpAt) {
      throw new MailqError("busy", `Cannot take ${maildir.path}: another mailq is at work on it`);
    }
    await app.wait(LOCK_POLL_MS, new AbortController().signal);
  }
}
