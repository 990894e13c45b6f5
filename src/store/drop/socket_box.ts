// Where mail goes that may neither be put into the queue nor left in its drop folder: each call is
// handed to the service by a socket, in the form of a file of that folder. The enqueue path loads it
// when it comes to that; the service's side is src/app/listen.

import { MailqError } from "../../queue/errors.ts";
import type { ContentFacts, NewMessage, WholeMessage } from "../../queue/message.ts";
import type { Enqueued, Enqueuer, Stage } from "../../queue/ports/intake.ts";
import { joinBytes } from "../../system/bytes.ts";
import { encodeFields, FIRST_LINE, frameLine, lastLine } from "./format.ts";

const encoder = new TextEncoder();

/** The way into a queue by a service's socket. What only the queue can tell (who is on the do-not-send
 *  list) is found out there. Errors: `busy`, `disk_full`, `permission`, and what the service has to
 *  say against the mail. */
export class SocketBox implements Enqueuer {
  constructor(readonly path: string) {}

  async enqueue(messages: readonly WholeMessage[]): Promise<Enqueued[]> {
    const stage = new SocketStage(this.path);
    const enqueued = await stage.add(messages);
    await stage.commit();
    return enqueued;
  }

  stage(): Promise<Stage> {
    return Promise.resolve(new SocketStage(this.path));
  }
}

/** A batch, in memory until its commit. */
class SocketStage implements Stage {
  #parts: Uint8Array[] = [encoder.encode(FIRST_LINE)];
  #messages = 0;

  constructor(readonly path: string) {}

  add(messages: readonly WholeMessage[]): Promise<Enqueued[]> {
    return Promise.resolve(messages.map((message) => this.#add(message, [message.content])));
  }

  async addLarge(
    message: NewMessage,
    pieces: AsyncIterable<Uint8Array>,
    _facts: () => ContentFacts,
  ): Promise<Enqueued> {
    return this.#add(message, await Array.fromAsync(pieces));
  }

  #add(message: NewMessage, content: readonly Uint8Array[]): Enqueued {
    if (message.key !== null) {
      throw new MailqError(
        "usage",
        "Cannot use --key by the socket of listen.submit: the service cannot tell whose it is",
      );
    }
    const { display: _, submitter: __, replaces: ___, ...fields } = message;
    const bytes = encodeFields(fields);
    const sizeBytes = content.reduce((sum, { length }) => sum + length, 0);
    this.#parts.push(encoder.encode(frameLine(bytes.length, sizeBytes)), bytes, ...content);
    this.#messages++;
    return { id: message.id, isKnownKey: false, suppressed: [] };
  }

  async commit(): Promise<ReadonlyMap<string, Enqueued>> {
    if (this.#messages > 0) {
      this.#parts.push(encoder.encode(lastLine(this.#messages)));
      await handOver(this.path, joinBytes(this.#parts));
    }
    this.#parts = [];
    return new Map();
  }

  abort(): Promise<void> {
    this.#parts = [];
    return Promise.resolve();
  }
}

/** Hands a batch over; it is on disk once this resolves. */
async function handOver(path: string, batch: Uint8Array): Promise<void> {
  const failed = `Cannot hand in mail by the socket ${path}`;
  try {
    using connection = await Deno.connect({ transport: "unix", path });
    const replies = new Replies(connection);
    if (!/^220 /.test(await replies.next())) throw new Error("the service takes nobody in now");
    await writeAll(connection, encoder.encode(`XDROP ${batch.length}\r\n`));
    // A service that refuses it ends the conversation before all is written.
    const written = writeAll(connection, batch).catch(() => {});
    const reply = await replies.next();
    await written;
    if (!reply.startsWith("2")) throw refusal(reply);
    await writeAll(connection, encoder.encode("QUIT\r\n")).catch(() => {});
  } catch (error) {
    if (error instanceof MailqError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new MailqError("busy", `${failed}: ${reason}; is \`mailq run\` running?`, {
      cause: error,
    });
  }
}

/** The error of a refusal: by its code, in the service's words. */
function refusal(reply: string): MailqError {
  const [, code = "", text = reply] = /^(\d{3}) (?:\d\.\d+\.\d+ )?(.*)$/.exec(reply) ?? [];
  const error = code === "452"
    ? "disk_full"
    : code === "553"
    ? "bad_address"
    : code.startsWith("5")
    ? "bad_message"
    : "busy";
  return new MailqError(error, text || "The service has ended the conversation");
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** The lines that the service says. */
class Replies {
  #heard = "";

  constructor(readonly connection: Deno.Conn) {}

  /** The next line; empty where there is none. */
  async next(): Promise<string> {
    const into = new Uint8Array(4_096);
    for (;;) {
      const end = this.#heard.indexOf("\r\n");
      if (end >= 0) {
        const line = this.#heard.slice(0, end);
        this.#heard = this.#heard.slice(end + 2);
        return line;
      }
      const count = await this.connection.read(into);
      if (count === null) return "";
      this.#heard += new TextDecoder().decode(into.subarray(0, count));
    }
  }
}
