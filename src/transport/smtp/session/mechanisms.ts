// The SASL mechanisms we know, and which one to use. Each is an exchange of messages that says
// nothing of SMTP: `log_in.ts` puts them into commands. SCRAM's arithmetic is in `scram.ts`.

import type { AuthKind } from "../../../queue/relay_target.ts";
import { base64Text } from "../../../system/bytes.ts";
import { saslName, ScramClient } from "./scram.ts";

/** Whom a login is for. */
interface Identity {
  readonly user: string;
  readonly secret: string;
  /** The server as we address it. */
  readonly host: string;
  readonly port: number;
}

/** One exchange of a SASL mechanism. */
export interface Exchange {
  readonly mechanism: string;
  /** What goes out with the AUTH command; null where the server speaks first. */
  readonly first: Uint8Array | null;
  /** The answer to a challenge; throws where it makes no sense. */
  respond(challenge: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Looks at the server's yes; throws where the server has not proved who it is. */
  finish?(text: string): void;
}

const PASSWORD_MECHANISMS = ["SCRAM-SHA-256", "PLAIN", "LOGIN"] as const;
const TOKEN_MECHANISMS = ["OAUTHBEARER", "XOAUTH2"] as const;
export type Mechanism = typeof PASSWORD_MECHANISMS[number] | typeof TOKEN_MECHANISMS[number];
/** Those we know, for people. */
export const MECHANISMS: readonly Mechanism[] = [...PASSWORD_MECHANISMS, ...TOKEN_MECHANISMS];

/** Whether a secret looks like an OAuth 2 access token rather than a password: a JSON web token,
 *  Google's or Yandex's prefix, or a row of 100 and more of a token's characters. Only the order in
 *  which mechanisms are tried depends on it: a long password looks like that, too. */
function looksLikeToken(secret: string): boolean {
  return /^(eyJ|ya29\.|y0_)[\w.~+/-]+=*$/.test(secret) || /^[\w.~+/|!*-]{100,}=*$/.test(secret);
}

/** The mechanisms to try, the best first, among those `offered` (the parameters of AUTH in the
 *  reply to EHLO): for a password SCRAM-SHA-256, PLAIN, LOGIN, for a token OAUTHBEARER, XOAUTH2.
 *  Where the settings do not say which of the two the secret is, its looks decide which are tried
 *  first, and the other kind's follow. */
export function mechanismsFor({ offered, secret, auth }: {
  readonly offered: string;
  readonly secret: string;
  readonly auth: AuthKind | null;
}): readonly Mechanism[] {
  const names = offered.toUpperCase().split(/[\s,]+/);
  return rankedFor(auth, secret).filter((mechanism) => names.includes(mechanism));
}

function rankedFor(auth: AuthKind | null, secret: string): readonly Mechanism[] {
  switch (auth) {
    case "password":
      return PASSWORD_MECHANISMS;
    case "oauth":
      return TOKEN_MECHANISMS;
    case null:
      return looksLikeToken(secret) ? [...TOKEN_MECHANISMS, ...PASSWORD_MECHANISMS] : MECHANISMS;
    default:
      return MECHANISMS.filter((mechanism) => mechanism.toLowerCase() === auth);
  }
}

const encoder = new TextEncoder();

/** Begins an exchange. `nonce` is what SCRAM must never use twice. */
export function beginExchange(
  mechanism: Mechanism,
  identity: Identity,
  nonce: () => string = randomNonce,
): Exchange {
  const { user, secret, host, port } = identity;
  switch (mechanism) {
    case "PLAIN":
      return { mechanism, first: encoder.encode(`\0${user}\0${secret}`), respond: unexpected };
    case "LOGIN": {
      const answers = [user, secret];
      return {
        mechanism,
        first: null,
        respond: () => encoder.encode(answers.shift() ?? unexpected()),
      };
    }
    case "SCRAM-SHA-256": {
      const client = new ScramClient({ user, password: secret, nonce: nonce() });
      return {
        mechanism,
        first: client.first,
        respond: (challenge) => client.respond(challenge),
        // RFC 4954 section 4 has no place for the server's proof but a challenge; a few servers
        // put it into their yes.
        finish: (text) => {
          if (!client.isServerProven) client.finish(decodeOr(text));
        },
      };
    }
    case "XOAUTH2":
      return {
        mechanism,
        first: encoder.encode(`user=${user}\x01auth=Bearer ${secret}\x01\x01`),
        // The challenge tells the error; an empty answer asks for the refusal itself.
        respond: () => new Uint8Array(),
      };
    case "OAUTHBEARER":
      return {
        mechanism,
        first: encoder.encode(
          `n,a=${saslName(user)},\x01host=${host}\x01port=${port}\x01auth=Bearer ${secret}\x01\x01`,
        ),
        // RFC 7628 section 3.2.3.
        respond: () => new Uint8Array([1]),
      };
  }
}

function unexpected(): never {
  throw new Error("the server asks for more than there is to say");
}

function decodeOr(text: string): string {
  try {
    return atob(text.trim());
  } catch {
    return text;
  }
}

function randomNonce(): string {
  return base64Text(crypto.getRandomValues(new Uint8Array(18)));
}
