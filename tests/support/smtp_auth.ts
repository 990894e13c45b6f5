import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import type { Peer } from "./smtp_script.ts";

/** Texts to and from base64, as UTF-8. */
export function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
export function unbase64(text: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
}

/** Answers AUTH with `reply`, having noted what came. */
export function authWith(
  seen: string[],
  reply: string | ((n: number) => string) = "235 2.7.0 welcome",
): (peer: Peer, line: string) => Promise<void> {
  return async (peer, line) => {
    const [, mechanism = "", initial] = /^AUTH (\S+)(?: (.*))?$/.exec(line) ?? [];
    const messages: string[] = [];
    const ask = async (challenge: string) => {
      peer.send(`334 ${challenge}\r\n`);
      messages.push(unbase64(await peer.line()));
    };
    if (initial !== undefined) messages.push(unbase64(initial));
    if (mechanism === "LOGIN") {
      await ask(base64("Username:"));
      await ask(base64("Password:"));
    } else if (initial === undefined) await ask("");
    seen.push(`${mechanism} ${messages.join("|")}`);
    const answer = typeof reply === "string" ? reply : reply(seen.length - 1);
    if (answer.startsWith("334")) {
      peer.send(`${answer}\r\n`);
      seen.push(await peer.line());
      peer.send("535 5.7.8 no\r\n");
    } else peer.send(`${answer}\r\n`);
  };
}

/** The server's side of SCRAM-SHA-256 for one password; with `proof` in place of its own. */
export function scramServer(password: string, proof: string | null = null) {
  return async (peer: Peer, line: string): Promise<void> => {
    const first = unbase64(line.replace(/^AUTH SCRAM-SHA-256 /, ""));
    const bare = first.replace(/^n,,/, "");
    const nonce = `${/r=(.*)$/.exec(bare)?.[1]}server`;
    const salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
    const serverFirst = `r=${nonce},s=${salt},i=4096`;
    peer.send(`334 ${base64(serverFirst)}\r\n`);
    const final = unbase64(await peer.line());
    const [, finalBare = "", given = ""] = /^(.*),p=(.*)$/.exec(final) ?? [];
    const salted = pbkdf2Sync(password, bytesOf(salt), 4096, 32, "sha256");
    const hmac = (key: Uint8Array, text: string) => createHmac("sha256", key).update(text).digest();
    const clientKey = hmac(salted, "Client Key");
    const stored = createHash("sha256").update(clientKey).digest();
    const message = `${bare},${serverFirst},${finalBare}`;
    const signature = hmac(stored, message);
    const expected = clientKey.map((byte, i) => byte ^ (signature[i] ?? 0));
    if (given !== btoa(String.fromCharCode(...expected))) {
      return peer.send("535 5.7.8 no\r\n");
    }
    const server = hmac(hmac(salted, "Server Key"), message);
    peer.send(`334 ${base64(`v=${proof ?? btoa(String.fromCharCode(...server))}`)}\r\n`);
    await peer.line();
    peer.send("235 2.7.0 welcome\r\n");
  };
}

function bytesOf(salt: string): Uint8Array {
  return Uint8Array.from(atob(salt), (c) => c.charCodeAt(0));
}
