// AUTH PLAIN and AUTH LOGIN, the server's side (RFC 4954, RFC 4616). Called by session.ts; whether
// a password is right is its host's to say.

import type { CommandReader } from "./command_reader.ts";
import type { SmtpSecurity } from "./host.ts";
import { refused, reply, type SmtpReply } from "./reply.ts";

/** What a login is held with. */
interface LoginTalk {
  readonly commands: CommandReader;
  readonly say: (said: SmtpReply) => void;
  readonly security: SmtpSecurity;
}

/** Who has logged in; `wrong` for a wrong password, null where the input has ended. */
type Login = { readonly user: string } | "wrong" | null;

/** Obeys AUTH, of which `rest` is what follows the word. Throws Refused. */
export async function logIn(rest: string, talk: LoginTalk): Promise<Login> {
  const { security } = talk;
  if (security.login === "none") throw refused(502, "5.5.1", "There is no AUTH here");
  if (security.login === "after TLS") {
    throw refused(538, "5.7.11", "Say STARTTLS first: a password would go in clear");
  }
  const [, mechanism = "", initial = null] = /^(\S+)(?: +(\S+))?$/.exec(rest) ?? [];
  let given: { readonly user: string; readonly password: string } | null;
  switch (mechanism.toUpperCase()) {
    case "PLAIN":
      given = await askPlain(initial, talk);
      break;
    case "LOGIN":
      given = await askLogin(initial, talk);
      break;
    case "":
      throw refused(501, "5.5.4", "Syntax: AUTH PLAIN");
    default:
      throw refused(504, "5.5.4", "Unknown mechanism: expected PLAIN or LOGIN");
  }
  if (given === null) return null;
  switch (await security.verify(given.user, given.password)) {
    case "right":
      return { user: given.user };
    case "wrong":
      return "wrong";
    case "busy":
      throw refused(454, "4.7.0", "Cannot check the password now; try again later");
  }
}

async function askPlain(initial: string | null, talk: LoginTalk) {
  const text = await answerTo("", initial, talk);
  if (text === null) return null;
  const [as, user, password, more] = text.split("\0");
  const isFine = user && password && more === undefined && (as === "" || as === user);
  if (!isFine) throw refused(501, "5.5.2", "Cannot read the answer to AUTH PLAIN");
  return { user, password };
}

async function askLogin(initial: string | null, talk: LoginTalk) {
  const user = await answerTo("Username:", initial, talk);
  if (user === null) return null;
  const password = await answerTo("Password:", null, talk);
  if (password === null) return null;
  if (user === "" || password === "" || /\0/.test(user + password)) {
    throw refused(501, "5.5.2", "Cannot use an empty name or password");
  }
  return { user, password };
}

/** The client's answer: `initial` if it came with the command. Null where the input ends. */
async function answerTo(
  prompt: string,
  initial: string | null,
  { commands, say }: LoginTalk,
): Promise<string | null> {
  if (initial !== null) return decode(initial);
  say(reply(334, null, btoa(prompt)));
  const line = await commands.next();
  if (line === null) return null;
  if (line.kind === "too long") throw refused(500, "5.5.6", "Line too long");
  if (line.kind === "garbled") {
    throw refused(501, "5.5.2", "Cannot read the answer: expected base64");
  }
  if (line.text === "*") throw refused(501, "5.7.0", "The login is called off");
  return decode(line.text.trimEnd());
}

function decode(text: string): string {
  try {
    // RFC 4954 4: an answer without a byte.
    const bytes = text === "=" ? "" : atob(text);
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
  } catch {
    throw refused(501, "5.5.2", "Cannot read the answer: expected base64 of UTF-8");
  }
}
