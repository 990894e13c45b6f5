import { ReadAhead } from "../../../src/intake/sources/read_ahead.ts";
import {
  OWN_PROCESS_LIMITS,
  type SmtpEnvelope,
  type SmtpHost,
} from "../../../src/intake/smtp/host.ts";
import { SmtpSession } from "../../../src/intake/smtp/session.ts";
import { MailqError } from "../../../src/queue/errors.ts";
import { MessageText } from "../../../src/app/listen/smtp_intake.ts";
import { textOf } from "../intake_options.ts";
import { cut, piecesSource } from "../pieces_source.ts";

export interface Taken extends SmtpEnvelope {
  readonly text: string;
}

/** What a conversation came to. */
export interface Conversation {
  /** All replies as they were sent. */
  readonly said: string;
  /** The replies, one for each command; of several lines the last. */
  readonly replies: readonly string[];
  readonly taken: readonly Taken[];
  /** What was said between two waits for input. */
  readonly flushes: readonly string[];
  readonly error: unknown;
}

export interface ConversationOptions {
  readonly pieceSize?: number;
  /** What comes between two waits, in place of pieces of one size. */
  readonly pieces?: readonly string[];
  readonly host?: Partial<SmtpHost>;
}

/** Has a client send `text`, whatever it is answered. */
export async function converse(
  text: string,
  { pieceSize = 100_000, pieces = cut(text, pieceSize), host = {} }: ConversationOptions = {},
): Promise<Conversation> {
  let said = "";
  let flushed = 0;
  const flushes: string[] = [];
  const taken: Taken[] = [];
  const input = new ReadAhead(piecesSource(pieces), () => {
    if (said.length > flushed) flushes.push(said.slice(flushed));
    flushed = said.length;
  });
  const session = new SmtpSession(input, (reply) => void (said += reply), {
    hostname: "host.test",
    maxSizeBytes: 10_000,
    limits: OWN_PROCESS_LIMITS,
    security: null,
    drops: null,
    newText: () => new MessageText({ memoryBytes: 1_000 }),
    checkRecipient: (recipient) =>
      recipient.startsWith("refused")
        ? Promise.reject(new MailqError("bad_address", "Cannot use it"))
        : Promise.resolve(),
    queue: (envelope, source, onQueued) => {
      let got = "";
      const into = new Uint8Array(100);
      for (;;) {
        const count = source.readSync(into);
        if (count === null) break;
        got += textOf(into.subarray(0, count));
      }
      taken.push({ ...envelope, text: got });
      onQueued(`id${taken.length}`);
      return Promise.resolve();
    },
    ...host,
  });
  let error: unknown = null;
  try {
    await session.serve();
  } catch (thrown) {
    error = thrown;
  }
  const replies = said.split("\r\n").filter((line) => /^\d{3} /.test(line));
  return { said, replies, taken, flushes, error };
}

/** The codes alone. */
export function codes({ replies }: Conversation): string {
  return replies.map((one) => one.slice(0, 3)).join(" ");
}
