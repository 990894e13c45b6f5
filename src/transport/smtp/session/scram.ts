// SCRAM-SHA-256, the client's side: proves that we know the password without sending it, and checks
// that the server knows it, too. `mechanisms.ts` uses it.

import { base64Bytes, base64Text } from "../../../system/bytes.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** RFC 7677 asks for 4,096 at least; more than this is a server that wastes our time. */
const MIN_ITERATIONS = 4_096, MAX_ITERATIONS = 5_000_000;

/** What is wrong with the server's side of the exchange. */
export class ScramError extends Error {
  override readonly name = "ScramError";
}

/** Whom an exchange is for. */
interface ScramLogin {
  readonly user: string;
  readonly password: string;
  /** Printable ASCII without commas, new for each exchange. */
  readonly nonce: string;
}

/** The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding. */
export class ScramClient {
  readonly #firstBare: string;
  #expectedSignature: Uint8Array | null = null;
  /** Whether the server has proved that it knows the password, too. */
  isServerProven = false;

  constructor(readonly login: ScramLogin) {
    const { user, nonce } = login;
    this.#firstBare = `n=${saslName(user)},r=${nonce}`;
  }

  /** The message that begins the exchange. */
  get first(): Uint8Array {
    return encoder.encode(`n,,${this.#firstBare}`);
  }

  /** The answer to what the server says; throws `ScramError` if it makes no sense. */
  async respond(challenge: Uint8Array): Promise<Uint8Array> {
    const text = decoder.decode(challenge);
    if (this.#expectedSignature === null) return await this.#prove(text);
    this.finish(text);
    return new Uint8Array();
  }

  async #prove(serverFirst: string): Promise<Uint8Array> {
    const [, nonce = "", salt = "", count] =
      /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z\d+/=]+),i=(\d+)(?:,.*)?$/s.exec(serverFirst) ?? [];
    const iterations = Number(count);
    if (!nonce.startsWith(this.login.nonce) || nonce.length === this.login.nonce.length) {
      throw new ScramError("the server's challenge is no answer to ours");
    }
    if (!(iterations >= MIN_ITERATIONS && iterations <= MAX_ITERATIONS)) {
      throw new ScramError(
        `the server asks for ${count} rounds: expected ${MIN_ITERATIONS} to ${MAX_ITERATIONS}`,
      );
    }
    const finalBare = `c=biws,r=${nonce}`;
    const authMessage = encoder.encode(`${this.#firstBare},${serverFirst},${finalBare}`);
    const saltBytes = base64Bytes(salt);
    if (saltBytes === null) throw new ScramError("the server's salt is no base64");
    const salted = await stretch(this.login.password, saltBytes, iterations);
    const clientKey = await hmac(salted, encoder.encode("Client Key"));
    const storedKey = new Uint8Array(await crypto.subtle.digest("SHA-256", clientKey));
    const signature = await hmac(storedKey, authMessage);
    const proof = clientKey.map((byte, i) => byte ^ (signature[i] ?? 0));
    const serverKey = await hmac(salted, encoder.encode("Server Key"));
    this.#expectedSignature = await hmac(serverKey, authMessage);
    return encoder.encode(`${finalBare},p=${base64Text(proof)}`);
  }

  /** Takes the server's last message; throws unless it proves that it knows the password. */
  finish(serverFinal: string): void {
    const [, error] = /^e=([^,]*)/.exec(serverFinal) ?? [];
    if (error !== undefined) throw new ScramError(`the server refuses: ${error}`);
    const [, given] = /^v=([A-Za-z\d+/=]+)/.exec(serverFinal) ?? [];
    const expected = this.#expectedSignature;
    if (given === undefined || expected === null || given !== base64Text(expected)) {
      throw new ScramError("the server cannot prove that it knows the password");
    }
    this.isServerProven = true;
  }
}

/** A name in a SCRAM or GS2 message (RFC 5801 section 4). */
export function saslName(name: string): string {
  return prepared(name).replaceAll("=", "=3D").replaceAll(",", "=2C");
}

/** What of SASLprep (RFC 4013) changes names and passwords that people use. */
function prepared(text: string): string {
  return text.replace(/[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g, " ").normalize("NFKC");
}

async function stretch(
  password: string,
  salt: Uint8Array<ArrayBuffer>,
  iterations: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = encoder.encode(prepared(password));
  const key = await crypto.subtle.importKey("raw", bytes, "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, 256));
}

async function hmac(
  key: Uint8Array<ArrayBuffer>,
  message: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const how = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, how, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, message));
}
