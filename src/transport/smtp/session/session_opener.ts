// Opens the sessions of one relay: connects, opens (`open_session.ts`), and says what a failure
// means for the recipients. The transport calls it when it needs a connection. Where TLS is no must
// and cannot be begun, it tries once more in clear.

import { errorText } from "../../../queue/errors.ts";
import type { Phase } from "../../../queue/outcome.ts";
import type { DeliveryOutcome } from "../../../queue/ports/transport.ts";
import { withoutReply } from "../../outcomes.ts";
import { Channel } from "../connection/channel.ts";
import { classify, type NextStep, STEP } from "../mail/classify.ts";
import { Connector, connectUnix, type RelayMemory } from "../connection/connect.ts";
import type { Endpoint } from "../connection/endpoint.ts";
import { type BreakKind, ConnectionBroken } from "../connection/broken.ts";
import { greetingLimit, withHint } from "./hints.ts";
import { LoginCutShort, type SessionLogin } from "./log_in.ts";
import { openSession, type SessionTls } from "./open_session.ts";
import { outcomeOf } from "../mail/replies.ts";
import { type Protocol, Refusal, type Session } from "./session.ts";
import type { Timeouts } from "../connection/timers.ts";
import { pinOf } from "../connection/tls.ts";
import type { Transcript } from "../connection/transcript.ts";
import type { Timers } from "../../../system/time.ts";

/** How a relay is spoken to under TLS. */
export interface RelayTls {
  /** Opportunistic TLS is used where it is offered, with whatever certificate; where it cannot be
   *  begun mail goes out in clear. */
  readonly mode: "required" | "opportunistic";
  /** From the first byte, without STARTTLS. */
  readonly isImplicit: boolean;
  /** The authorities to trust in place of the system's, as PEM. */
  readonly ca: string | null;
  /** The SHA-256 of the one certificate to trust; it makes TLS a must in either mode. */
  readonly fingerprint: string | null;
}

interface OpenerOptions {
  readonly protocol: Protocol;
  readonly endpoint: Endpoint;
  /** Whom reports say we spoke to. */
  readonly shownHost: string;
  readonly heloName: string;
  /** Null = in clear. */
  readonly tls: RelayTls | null;
  readonly login: SessionLogin | null;
  readonly memory: RelayMemory | null;
  readonly timeouts: Timeouts;
  readonly timers: Timers;
}

/** What one opening serves. */
interface Opening {
  readonly transcript: Transcript;
  readonly signal: AbortSignal;
  /** Told of each channel as soon as there is one; the last one told of is in use. */
  readonly onChannel: (channel: Channel) => void;
}

/** Why there is no session, and what it means for the recipients. */
interface NoSession {
  readonly next: NextStep;
  readonly outcome: DeliveryOutcome;
  /** The step that failed and how, in one line. */
  readonly error: string;
}

const CLEAR = "in clear: TLS is no must here";
const ANOTHER_LOGIN = "to log in another way";
/** Why a new connection is tried at once, for the transcript. */
type OnceMore = typeof CLEAR | typeof ANOTHER_LOGIN;

/** Opens the sessions of one relay. */
export class SessionOpener {
  readonly #options: OpenerOptions;
  readonly #tls: SessionTls | null;
  #connector: Connector | null = null;

  constructor(options: OpenerOptions) {
    const { tls, endpoint, timeouts } = options;
    this.#tls = tls === null ? null : sessionTls(tls, endpoint);
    const greetingMs = greetingLimit(timeouts.greetingMs, endpoint, this.#tls);
    this.#options = { ...options, timeouts: { ...timeouts, greetingMs } };
  }

  /** A session on a new connection, ready for a transaction. */
  async open(opening: Opening): Promise<Session | NoSession> {
    let tls = this.#tls;
    for (;;) {
      const result = await this.#open(tls, opening);
      if ("channel" in result || result.onceMore === null) return result;
      opening.transcript.add(this.#options.timers.now(), "--", `once more, ${result.onceMore}`);
      if (result.onceMore === CLEAR) tls = null;
    }
  }

  async #open(
    tls: SessionTls | null,
    opening: Opening,
  ): Promise<Session | NoSession & { readonly onceMore: OnceMore | null }> {
    const { shownHost, timers } = this.#options;
    const progress: { phase: Phase } = { phase: "connect" };
    let channel: Channel | null = null;
    try {
      channel = await this.#connect(opening);
      opening.onChannel(channel);
      channel.note(`connected to ${shownHost}`);
      const onPhase = (phase: Phase) => {
        progress.phase = phase;
      };
      const session = await openSession(channel, { ...this.#options, tls }, onPhase);
      const { certificate } = session.about;
      if (certificate !== null) this.#options.memory?.noteCertificate(certificate.validTo);
      return session;
    } catch (error) {
      channel?.close();
      if (error instanceof Refusal) {
        const { verdict, reply } = error;
        return {
          next: verdict.next,
          outcome: outcomeOf(verdict, reply, error.phase),
          error: `${this.#stepText(error.phase)}: ${error.message}`,
          onceMore: null,
        };
      }
      const { phase } = progress;
      const kind = error instanceof ConnectionBroken ? error.kind : "lost";
      const verdict = classify(phase, kind, { isUsed: false, isFull: false });
      const { endpoint } = this.#options;
      const why = withHint({ phase, kind, text: errorText(error), endpoint, tls });
      const text = `${this.#stepText(phase)}: ${why}`;
      opening.transcript.add(timers.now(), "--", text);
      return {
        next: verdict.next,
        outcome: {
          ...withoutReply(verdict.kind, text),
          isRelayFault: verdict.isRelayFault,
          phase,
        },
        error: text,
        onceMore: error instanceof LoginCutShort
          ? ANOTHER_LOGIN
          : isClearNext({ phase, kind, tls })
          ? CLEAR
          : null,
      };
    }
  }

  async #connect({ signal, transcript }: Opening): Promise<Channel> {
    const { endpoint, timeouts, timers } = this.#options;
    const limits = { limitMs: timeouts.connectMs, timers, signal };
    if (endpoint.kind === "unix") {
      return new Channel(await connectUnix(endpoint.path, limits), timers, transcript);
    }
    this.#connector ??= new Connector({
      ...await this.#dial(),
      memory: this.#options.memory,
    });
    const wire = await this.#connector.connect({ ...endpoint, ...limits });
    return new Channel(wire, timers, transcript);
  }

  async #dial() {
    if (this.#tls === null) return {};
    // Node's sockets cost 40 ms to load: only TLS needs them.
    const { dialForTls } = await import("../connection/node_wire.ts");
    return { dial: dialForTls };
  }

  #stepText(phase: Phase): string {
    const { shownHost, protocol } = this.#options;
    if (phase === "hello" && protocol === "lmtp") return "LHLO";
    if (phase === "connect") return `Connecting to ${shownHost}`;
    return phase === "tls" ? `Beginning TLS with ${shownHost}` : STEP[phase];
  }
}

/** Whether what TLS could not do is tried without it. Bytes ahead of TLS are somebody's doing, no
 *  inability. */
function isClearNext({ phase, kind, tls }: {
  readonly phase: Phase;
  readonly kind: BreakKind;
  readonly tls: SessionTls | null;
}): boolean {
  return phase === "tls" && tls !== null && !tls.isImplicit && !tls.isRequired &&
    kind !== "garbage" && kind !== "stopped";
}

function sessionTls(tls: RelayTls, endpoint: Endpoint): SessionTls {
  const isRequired = tls.mode === "required" || tls.fingerprint !== null;
  return {
    request: {
      host: endpoint.kind === "tcp" ? endpoint.host : "localhost",
      mustVerify: isRequired,
      ca: tls.ca,
      pin: tls.fingerprint === null ? null : pinOf(tls.fingerprint),
    },
    isImplicit: tls.isImplicit,
    isRequired,
  };
}
