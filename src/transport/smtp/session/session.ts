// An open session: the server has greeted us and told what it can do. `open_session.ts` makes it,
// the transport keeps it from message to message and says goodbye with it.

import type { Channel } from "../connection/channel.ts";
import type { Phase } from "../../../queue/outcome.ts";
import type { AskedSession, ShownCertificate } from "../../../queue/ports/transport.ts";
import type { Verdict } from "../mail/classify.ts";
import type { SmtpReply } from "../mail/replies.ts";

export type Protocol = "smtp" | "lmtp";

/** What the server offers: keywords in capitals, each with its parameters (RFC 5321 4.1.1.1). */
export type Extensions = ReadonlyMap<string, string>;

/** Reads the reply to EHLO, whose first line only greets. Old servers write `AUTH=LOGIN`, some both
 *  ways: the mechanisms of all its lines count. */
export function readExtensions(reply: SmtpReply): Extensions {
  const extensions = new Map<string, string>();
  for (const line of reply.text.split("\n").slice(1)) {
    const [, keyword, parameters] =
      /^\s*([A-Za-z0-9][A-Za-z0-9-]*)(?:[ \t=]+(.*?))?\s*$/.exec(line) ??
        [];
    if (keyword === undefined) continue;
    const name = keyword.toUpperCase();
    const before = name === "AUTH" ? extensions.get(name) ?? "" : "";
    extensions.set(name, `${before} ${parameters ?? ""}`.trim());
  }
  return extensions;
}

/** A reply that ended what was being done, and what it means. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  constructor(readonly phase: Phase, readonly reply: SmtpReply, readonly verdict: Verdict) {
    super(`${reply.code} ${reply.text}`);
  }
}

/** What the opening of a session has brought to light. */
interface SessionFacts {
  readonly extensions: Extensions;
  /** Null = in clear. */
  readonly tls: string | null;
  readonly protocol: Protocol;
  readonly greeting: string;
  readonly certificate: ShownCertificate | null;
}

/** A connection on which the server has greeted us and told what it can do. */
export class Session {
  /** Whether it has carried a message before. */
  isUsed = false;
  /** Whether a transaction was left open: the next one begins with RSET. */
  needsReset = false;
  readonly canPipeline: boolean;
  readonly takesEightBit: boolean;
  readonly takesSize: boolean;
  /** The largest message the server takes; null where it does not say. */
  readonly maxSizeBytes: number | null;
  readonly takesUnicode: boolean;
  readonly takesDsn: boolean;

  /** What a report says of the TLS in use. */
  readonly tls: string | null;
  /** LMTP answers the content once for each recipient. */
  readonly protocol: Protocol;

  /** What the server said of itself. */
  readonly about: AskedSession;

  constructor(readonly channel: Channel, facts: SessionFacts) {
    const { extensions, tls, protocol, greeting, certificate } = facts;
    this.about = { greeting, extensions, certificate };
    this.tls = tls;
    this.protocol = protocol;
    this.canPipeline = extensions.has("PIPELINING");
    this.takesEightBit = extensions.has("8BITMIME");
    this.takesSize = extensions.has("SIZE");
    const limit = Number(extensions.get("SIZE"));
    // RFC 1870 section 4: 0 = no fixed limit.
    this.maxSizeBytes = Number.isSafeInteger(limit) && limit > 0 ? limit : null;
    this.takesDsn = extensions.has("DSN");
    this.takesUnicode = extensions.has("SMTPUTF8");
  }

  /** Says goodbye, waiting at most `limitMs` for an answer nobody needs, and frees everything. */
  async quit(limitMs: number): Promise<void> {
    try {
      this.channel.sendCommands("QUIT\r\n");
      await this.channel.reply(limitMs);
    } catch {
      // The relay owes us nothing any more.
    } finally {
      this.channel.close();
    }
  }
}
