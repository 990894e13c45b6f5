// Takes mails apart for people in a thread of its own, within limits of size and time. Called by
// `mailq show` and by the screen's thread. The thread's side is parse_thread.ts; what stands in for
// a mail that it cannot read is bare.ts's work.

import { errorText } from "../../queue/errors.ts";
import { Thread, type ThreadFault } from "../../system/thread.ts";
import { barePreview } from "./bare.ts";
import type { AttachmentRequest, Preview, PreviewLimits, PreviewRequest } from "./preview.ts";
import { joinBytes } from "../../system/bytes.ts";

export const PREVIEW_LIMITS: PreviewLimits = {
  maxBytes: 256 * 1024,
  maxChars: 256 * 1024,
  maxHeaders: 500,
  maxAttachments: 200,
  timeoutMs: 5_000,
};

/** Takes a mail apart, as far as the limits let it, in a thread of its own. Whatever the mail
 *  holds, this ends in time with something to show; it rejects only if `source` or `signal` does. */
export async function previewMessage(
  source: AsyncIterable<Uint8Array> | Uint8Array,
  limits: Partial<PreviewLimits> = {},
  signal?: AbortSignal,
): Promise<Preview> {
  using previewer = new Previewer();
  return await previewer.preview(source, limits, signal);
}

/** Previews one mail after another in the same thread, which saves its start. The thread keeps the
 *  process alive until this is disposed of. */
export class Previewer implements Disposable {
  #thread: Thread<PreviewRequest, Preview> | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  /** See previewMessage. A mail that is given up at `signal` makes way for the next at once. */
  async preview(
    source: AsyncIterable<Uint8Array> | Uint8Array,
    limits: Partial<PreviewLimits> = {},
    signal?: AbortSignal,
  ): Promise<Preview> {
    const all = { ...PREVIEW_LIMITS, ...limits };
    const { bytes, isCut } = await readStart(source, all.maxBytes, signal);
    const turn = this.#turn.then(() => this.#ask({ bytes, isCut, limits: all }, signal));
    this.#turn = turn.catch(() => {});
    const answer = await turn;
    return typeof answer === "string"
      ? barePreview(bytes, { isCut, limits: all, failure: answer })
      : answer;
  }

  /** The bytes of an attachment of a whole mail. Rejects with why there are none. */
  async attachment(
    bytes: Uint8Array<ArrayBuffer>,
    attachment: number,
    timeoutMs: number,
  ): Promise<Uint8Array> {
    const thread = new Thread<AttachmentRequest, Uint8Array>(
      import.meta.resolve("./parse_thread.ts"),
      toError,
    );
    const timer = setTimeout(
      () => thread.end(new Error(`it could not be taken apart within ${timeoutMs} ms`)),
      timeoutMs,
    );
    try {
      return await thread.ask({ bytes, attachment });
    } finally {
      clearTimeout(timer);
      thread.end(new Error("the attachment was read"));
    }
  }

  /** The thread's preview, or why there is none. */
  async #ask(request: PreviewRequest, signal: AbortSignal | undefined): Promise<Preview | string> {
    signal?.throwIfAborted();
    const thread = this.#thread ??= new Thread(import.meta.resolve("./parse_thread.ts"), toError);
    const { timeoutMs } = request.limits;
    const timer = setTimeout(
      () => thread.end(new Error(`it could not be taken apart within ${timeoutMs} ms`)),
      timeoutMs,
    );
    const giveUp = () => thread.end(signal?.reason);
    signal?.addEventListener("abort", giveUp);
    try {
      return await thread.ask(request);
    } catch (error) {
      signal?.throwIfAborted();
      return errorText(error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
      // The next one gets a thread of its own.
      if (!thread.isAlive && this.#thread === thread) this.#thread = null;
    }
  }

  [Symbol.dispose](): void {
    this.#thread?.end(new Error("the preview was closed"));
    this.#thread = null;
  }
}

function toError({ message }: ThreadFault): Error {
  return new Error(message);
}

/** The first bytes of a mail; no more of it is read than that. */
async function readStart(
  source: AsyncIterable<Uint8Array> | Uint8Array,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; isCut: boolean }> {
  if (source instanceof Uint8Array) {
    return { bytes: source.slice(0, maxBytes), isCut: source.length > maxBytes };
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  // One byte more tells whether there is more.
  for await (const part of source) {
    signal?.throwIfAborted();
    parts.push(part);
    length += part.length;
    if (length > maxBytes) break;
  }
  return { bytes: joinBytes(parts).slice(0, maxBytes), isCut: length > maxBytes };
}
