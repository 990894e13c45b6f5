// Writes messages out of the queue, which keeps them. Called by `export`. What a message looks like
// on disk is the place's (places.ts).

import { MailqError } from "../../queue/errors.ts";
import type { MessageSummary } from "../../queue/message.ts";
import type { Filter } from "../../queue/filter.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import type { ExportPlace } from "./places.ts";

/** What is asked of the queue. */
type ExportStore = Pick<Reader, "list" | "show" | "content">;

interface ExportResult {
  readonly exported: number;
  /** Messages whose bytes were deleted when they were sent. */
  readonly withoutBody: number;
}

interface ExportOptions {
  readonly filter: Filter;
  readonly place: ExportPlace;
  /** Puts the two lines of a zope.sendmail spool above each message. */
  readonly hasEnvelope: boolean;
  readonly signal: AbortSignal;
  /** Called after each message. */
  readonly onExported?: () => void;
}

/** Writes messages to a place, in the order of their arrival; of each only a piece is in memory.
 *  What is purged meanwhile is left out. Throws `busy` when told to stop, and as the place does. */
export async function exportMessages(
  store: ExportStore,
  { filter, place, hasEnvelope, signal, onExported }: ExportOptions,
): Promise<ExportResult> {
  let exported = 0, withoutBody = 0;
  for await (const message of store.list(filter, { sort: "oldest", after: null, limit: 0 })) {
    if (signal.aborted) throw new MailqError("busy", "Stopped before all was exported");
    const body = await openBody(store, message);
    if (body === "deleted") withoutBody++;
    if (typeof body === "string") continue;
    const above = hasEnvelope ? await envelopeLines(store, message.id) : "";
    if (above === null) continue;
    await place.add(message, body, above);
    exported++;
    onExported?.();
  }
  await place.end();
  return { exported, withoutBody };
}

/** A message's bytes, of which the first are there, so that nothing is begun that has none. */
async function openBody(
  store: ExportStore,
  message: MessageSummary,
): Promise<AsyncIterable<Uint8Array> | "deleted" | "purged"> {
  const pieces = store.content(message.seq)[Symbol.asyncIterator]();
  let first: IteratorResult<Uint8Array>;
  try {
    first = await pieces.next();
  } catch (error) {
    if (error instanceof MailqError && error.code === "input_unreadable") return "deleted";
    if (await store.show(message.id) === null) return "purged";
    throw error;
  }
  if (first.done && message.sizeBytes > 0) return "purged";
  return bodyOf(store, message, first, pieces);
}

async function* bodyOf(
  store: ExportStore,
  message: MessageSummary,
  first: IteratorResult<Uint8Array>,
  pieces: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for (let next = first; !next.done; next = await pieces.next()) yield next.value;
  } catch (error) {
    if (typeof await openBody(store, message) !== "string") throw error;
    throw new MailqError(
      "busy",
      `Cannot export message ${message.id}: it was deleted meanwhile; try again`,
      { cause: error },
    );
  } finally {
    await pieces.return?.();
  }
}

/** The envelope as zope.sendmail writes it; null if the message is gone. */
async function envelopeLines(store: ExportStore, id: string): Promise<string | null> {
  const message = await store.show(id);
  if (message === null) return null;
  const recipients = message.recipients.map(({ address }) => address).join(", ");
  return `X-Zope-From: ${message.sender}\nX-Zope-To: ${recipients}\n`;
}
