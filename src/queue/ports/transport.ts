// The ways out as delivery sees them: a relay opens transports, a transport hands messages over and
// reports what came of it. src/transport implements them; what a report means for a recipient is
// decided in src/delivery.

import type { DsnRequest } from "../dsn.ts";
import type { ContentFacts } from "../message.ts";
import type { OutcomeKind, Phase, Reply } from "../outcome.ts";

/** What a transport needs to hand one message over. */
export interface Delivery extends ContentFacts {
  readonly id: string;
  readonly sender: string;
  readonly recipients: readonly string[];
  /** All bytes, or the means to read them in pieces; it may be read more than once. */
  readonly content: Uint8Array | (() => AsyncIterable<Uint8Array>);
  /** Passed on where the relay can; other relays notify as they like. */
  readonly dsn?: DsnRequest | null;
}

/** One recipient's outcome as the transport saw it. */
export interface DeliveryOutcome extends Reply {
  readonly kind: OutcomeKind;
  /** The relay itself is at fault (it cannot be reached, it refuses our login): no retry is
   *  used up. */
  readonly isRelayFault: boolean;
  /** Where in the conversation it was decided; null or absent where there is none. */
  readonly phase?: Phase | null;
}

/** How a hand-over ended. */
export interface DeliveryReport {
  /** One for each recipient, in their order. */
  readonly outcomes: readonly DeliveryOutcome[];
  /** Whom we spoke to, as `name:port` or a path. */
  readonly host: string | null;
  /** The TLS version in use, such as `TLSv1.3`. */
  readonly tls: string | null;
  /** Where a step failed: the action and what went wrong, in one line. */
  readonly error: string | null;
  /** The stack of the error, where one was thrown. */
  readonly traceback: string | null;
  /** The conversation without body and secrets, at most 64 KB; null where all went well. */
  readonly transcript: string | null;
  /** The relay has been told what the sender wants to be told (DSN), and sees to it. */
  readonly seesToNotices?: boolean;
}

export interface DeliverOptions {
  /** Called once just before the first byte of the message goes out: from here on a crash
   *  leaves the hand-over uncertain. */
  readonly onDataBegin: () => void;
  /** Stops before the bytes begin to go out; from there to the reply it is not obeyed. */
  readonly signal: AbortSignal;
}

/** One connection's worth of a way out: hands over one message at a time. */
export interface Transport {
  /** `deliver` may be called for the next message while one is under way; it is begun as soon as
   *  the bytes of the one before are out. */
  readonly takesAhead?: boolean;
  /** Never rejects for what a relay or the network does: that is a report. */
  deliver(delivery: Delivery, options: DeliverOptions): Promise<DeliveryReport>;
  /** Says goodbye where there is somebody to say it to, and frees everything. */
  close(): Promise<void>;
}

/** Makes the connections of one relay. */
export interface Relay {
  readonly name: string;
  open(): Transport;
  /** Asks the relay whether it would take mail: greeting, login, sender and recipient. Sends nothing.
   *  Never rejects for what the relay or the network does. Absent where there is nobody to ask. */
  ask?(envelope: AskedEnvelope, signal: AbortSignal): Promise<AskReport>;
}

/** Whom a mail would be from and go to. */
export interface AskedEnvelope {
  readonly sender: string;
  readonly recipient: string;
}

/** What a relay answered to the question whether it would take mail. */
export interface AskReport {
  readonly isAccepted: boolean;
  /** Where in the conversation it was decided. */
  readonly phase: Phase;
  /** The reply that decided, with the step that it ended; or what happened instead. */
  readonly text: string;
  readonly host: string;
  /** The TLS version in use; null = none. */
  readonly tls: string | null;
  /** The conversation without secrets. */
  readonly transcript: string;
  /** What it said of itself; null where it did not come to a session. */
  readonly session: AskedSession | null;
}

/** What a relay says of itself before any mail. */
export interface AskedSession {
  readonly greeting: string;
  /** What its last reply to EHLO offered: keywords in capitals, each with its parameters. */
  readonly extensions: ReadonlyMap<string, string>;
  /** Null in clear, and where the runtime does not tell it. */
  readonly certificate: ShownCertificate | null;
}

/** A certificate as far as people are told of it. Times are ms since 1970. */
export interface ShownCertificate {
  readonly validFrom: number;
  readonly validTo: number;
  /** As `node:tls` lists them: `DNS:mail.example, IP Address:192.0.2.1`. */
  readonly names: string;
}
