import type { Settings } from "../../config/settings.ts";
import { Maildir } from "../../intake/sources/maildir.ts";
import { type MboxFormat, mboxInputs } from "../../intake/sources/mbox.ts";
import type { IntakeOptions } from "../../intake/options.ts";
import type { Input } from "../../intake/sources/files.ts";
import { errorText, EXIT_STATUS, MailqError } from "../../queue/errors.ts";
import { FileLock, NotPlainFile } from "../../system/file_lock.ts";
import type { Context } from "../../cli/frame/context.ts";
import { enqueueInputs } from "./enqueue.ts";
import { MaildirTaker } from "./maildir.ts";

/** The flags of `enqueue` for input of many messages. */
export interface SpoolFlags {
  readonly jsonl?: boolean;
  readonly mbox?: boolean;
  readonly mboxFormat?: MboxFormat;
  readonly maildir?: string;
  readonly watch?: boolean;
  readonly setAside?: boolean;
}

/** Queues the messages of mbox files or of a Maildir. */
export async function enqueueSpool(
  context: Context,
  settings: Settings,
  flags: SpoolFlags,
  paths: readonly string[],
  options: IntakeOptions,
): Promise<void> {
  const { maildir, mbox, mboxFormat, watch, setAside } = flags;
  if (flags.jsonl) {
    throw new MailqError("usage", "Cannot take --jsonl and other input in one call: give it alone");
  }
  if (maildir === undefined) {
    if (watch || setAside) {
      throw new MailqError("usage", "Cannot use --watch or --set-aside without --maildir");
    }
    if (!mbox) throw new MailqError("usage", "Cannot use --mbox-format without --mbox");
    return await enqueueMbox(context, settings, paths, mboxFormat ?? "mboxrd", options);
  }
  if (mbox || mboxFormat !== undefined || paths.length > 0) {
    throw new MailqError(
      "usage",
      "Cannot take a Maildir and other input in one call: give --maildir alone",
    );
  }
  if (options.key !== undefined) {
    throw new MailqError(
      "usage",
      "Cannot give one --key to a Maildir: each file has a key already",
    );
  }
  const opened = Maildir.open(maildir);
  using _lock = await lockMaildir(context, opened);
  const taker = new MaildirTaker(context, settings, opened, options, setAside ?? false);
  if (!watch) {
    if (!setAside) return await taker.takeAll();
    await taker.takeSome();
    if (taker.hasLeft) context.exitStatus = EXIT_STATUS.input_unreadable;
    return;
  }
  const { watchMaildir }: typeof import("./maildir_watch.ts") = await import(
    import.meta.resolve("./maildir_watch.ts")
  );
  await watchMaildir(context, opened, taker);
}

async function enqueueMbox(
  context: Context,
  settings: Settings,
  paths: readonly string[],
  format: MboxFormat,
  options: IntakeOptions,
): Promise<void> {
  const files = paths.length === 0 ? ["-"] : paths;
  let messages = 0;
  function* counted(): Generator<Input> {
    for (const input of mboxInputs(files, context.machine.stdin, format)) {
      messages++;
      yield input;
    }
  }
  await enqueueInputs(context, settings, counted(), options);
  if (messages === 0) context.output.note("nothing queued: the mbox holds no message");
}

const LOCK_WAIT_MS = 3_000;
const LOCK_POLL_MS = 100;

/** Keeps a second mailq from a Maildir. The lock ends with the process. Throws `busy`. */
async function lockMaildir(context: Context, maildir: Maildir): Promise<Disposable> {
  const path = `${maildir.path}/.mailq-lock`;
  const { wait, clock } = context.machine;
  const giveUpAt = clock.now() + LOCK_WAIT_MS;
  for (;;) {
    const lock = await tryLock(path);
    if (lock !== null) return { [Symbol.dispose]: () => lock.release() };
    if (clock.now() >= giveUpAt) {
      throw new MailqError("busy", `Cannot take ${maildir.path}: another mailq is at work on it`);
    }
    await wait(LOCK_POLL_MS, new AbortController().signal);
  }
}

async function tryLock(path: string): Promise<FileLock | null> {
  try {
    return await FileLock.tryTake(path);
  } catch (error) {
    if (error instanceof NotPlainFile) throw new MailqError("permission", error.message);
    throw new MailqError(
      error instanceof Deno.errors.PermissionDenied ? "permission" : "io_error",
      `Cannot lock ${path}: ${errorText(error)}; mailq must be able to write in the Maildir`,
      { cause: error },
    );
  }
}
