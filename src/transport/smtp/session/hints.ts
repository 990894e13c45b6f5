// What to do about a session that could not be opened, where that can be told from how it ended: a
// port for another kind of TLS, a TLS too old. `session_opener.ts` adds it to what is reported.

import type { Phase } from "../../../queue/outcome.ts";
import type { BreakKind } from "../connection/broken.ts";
import type { Endpoint } from "../connection/endpoint.ts";
import type { SessionTls } from "./open_session.ts";

/** The port that speaks TLS from the first byte (RFC 8314). */
const TLS_PORT = 465;
/** How long its greeting is waited for in clear, where it never comes, in ms. */
const CLEAR_GREETING_MS = 15_000;

/** Whether a relay's port speaks TLS from the first byte and is spoken to in clear. */
function isTlsPortInClear(endpoint: Endpoint, tls: SessionTls | null): boolean {
  return endpoint.kind === "tcp" && endpoint.port === TLS_PORT && !tls?.isImplicit;
}

/** How long to wait for a greeting, in ms: not for minutes where none can come. */
export function greetingLimit(
  limitMs: number,
  endpoint: Endpoint,
  tls: SessionTls | null,
): number {
  return isTlsPortInClear(endpoint, tls) ? Math.min(limitMs, CLEAR_GREETING_MS) : limitMs;
}

/** How the opening of a session broke off. */
interface Break {
  readonly phase: Phase;
  readonly kind: BreakKind;
  readonly text: string;
  readonly endpoint: Endpoint;
  readonly tls: SessionTls | null;
}

/** What broke it off, with what to do about it where that can be told. */
export function withHint({ phase, kind, text, endpoint, tls }: Break): string {
  if (phase === "greeting" && kind !== "stopped" && isTlsPortInClear(endpoint, tls)) {
    return `${text}: port ${TLS_PORT} speaks TLS from the first byte: write smtps:// in its URL`;
  }
  if (phase !== "tls" || kind !== "tls") return text;
  if (/InvalidContentType|wrong version number/.test(text)) {
    return tls?.isImplicit
      ? `the server speaks in clear at first here: write smtp:// in its URL (with STARTTLS mail ` +
        `goes under TLS all the same), or use port ${TLS_PORT} (${text})`
      : `what the server sent as TLS is none (${text})`;
  }
  if (
    /HandshakeFailure|ProtocolVersion|InsufficientSecurity|PeerIncompatible|dh.?key/i.test(text)
  ) {
    return `the server's TLS is too old: TLS 1.2 or 1.3 with ECDHE and AES-GCM or ChaCha20 is ` +
      `needed, no DHE and no CBC (${text})`;
  }
  if (/closed the connection|end of file|eof/i.test(text)) {
    return `${text} while TLS began (unexpected EOF): its log says why`;
  }
  return text;
}
