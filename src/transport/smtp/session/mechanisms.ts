// The SASL mechanisms we know, and which one to use. Each is an exchange of messages that says
// nothing of SMTP: `log_in.ts` puts them into commands. SCRAM's arithmetic is in `scram.ts`.

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
type Mechanism = typeof PASSWORD_MECHANISMS[number] | typeof TOKEN_MECHANISMS[number];
/** Those we know, for people. */
export const MECHANISMS: readonly Mechanism[] = [...PASSWORD_MECHANISMS, ...TOKEN_MECHANISMS];

/** Whether a secret is an OAuth 2 access token rather than a password: a JSON web token, Google's
 *  prefix, or a row of 100 and more of a token's characters. No mail service hands out passwords
 *  of that length and offers OAuth as well. */
export function isToken(secret: string): boolean {
  return /^(eyJ|ya29\.)[\w.~+/-]+=*$/.test(secret) || /^[\w.~+/|!*-]{100,}=*$/.test(secret);
}

/** The best mechanism among those `offered` (the parameters of AUTH in the reply to EHLO): for a
 *  token OAUTHBEARER, XOAUTH2; for a password SCRAM-SHA-256, PLAIN, LOGIN; failing those, the
 *  other kind's. Null where we know none. */
export function chooseMechanism({ offered, secret }: {
  readonly offered: string;
  readonly secret: string;
}): Mechanism | null {
  const names = offered.toUpperCase().split(/\s+/);
  const byRank = isToken(secret)
    ? [...TOKEN_MECHANISMS, ...PASSWORD_MECHANISMS]
    : [...PASSWORD_MECHANISMS, ...TOKEN_MECHANISMS];
  return byRank.find((mechanism) => names.includes(mechanism)) ?? null;
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
