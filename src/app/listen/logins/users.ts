// The logins of the listeners: a file with a name and a hash on each line, read anew when it has
// changed. Checking is done in a thread (password_thread.ts), since a good hash takes long.

import { errorText, MailqError } from "../../../queue/errors.ts";
import { Thread } from "../../../system/thread.ts";
import { hexText } from "../../../system/bytes.ts";
import type { Random } from "../../../system/time.ts";
import type { PasswordQuestion } from "./password_thread.ts";

// What htpasswd -B and openssl passwd -6 (or -5) make, and mkpasswd with -m bcrypt or sha512crypt.
const BCRYPT = /^\$2[aby]\$(?:0[4-9]|1[0-5])\$[./A-Za-z\d]{53}$/;
const SHA_CRYPT = /^\$[56]\$(?:rounds=(\d{1,6})\$)?[^$:]{0,16}\$[./A-Za-z\d]{43,86}$/;
const EXPECTED = "expected name:hash, with a hash of `htpasswd -nB name` or `openssl passwd -6`";
/** Checks that wait for their turn; more are put off. */
const MAX_WAITING = 50;
/** Logins known to be right, so that a program that logs in for each mail is not held up. */
const MAX_KNOWN = 1_000;

/** The file of the logins. */
export class Users implements Disposable {
  #hashes: ReadonlyMap<string, string>;
  #stamp: string;
  #thread: Thread<PasswordQuestion, boolean> | null = null;
  #waiting = 0;
  readonly #known = new Set<string>();
  readonly #secret: Uint8Array<ArrayBuffer>;

  private constructor(readonly path: string, random: Random) {
    this.#stamp = stampOf(path);
    this.#hashes = readUsers(path);
    this.#secret = new Uint8Array(random.bytes(32));
  }

  /** Throws `config_invalid` for a file that cannot be used. */
  static read(path: string, random: Random): Users {
    return new Users(path, random);
  }

  /** Whether this is the user's password; `busy` if too many are being checked. A file that has become
   *  unusable is told to `warn`, and stays as it was. */
  async verify(
    user: string,
    password: string,
    warn: (text: string) => void,
  ): Promise<"right" | "wrong" | "busy"> {
    this.#refresh(warn);
    const hash = this.#hashes.get(user);
    const token = await this.#tokenOf(`${user}\0${hash}\0${password}`);
    if (this.#known.has(token)) return "right";
    if (this.#waiting >= MAX_WAITING) return "busy";
    this.#waiting++;
    try {
      if (this.#thread?.isAlive !== true) this.#thread = startThread();
      // Somebody who is not there takes as long as somebody who is.
      const [anybodys = ""] = this.#hashes.values();
      const isRight = await this.#thread.ask({ password, hash: hash ?? anybodys });
      if (!isRight || hash === undefined) return "wrong";
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      this.#known.add(token);
      return "right";
    } finally {
      this.#waiting--;
    }
  }

  /** Tells a login from others, and tells nobody the password. */
  async #tokenOf(text: string): Promise<string> {
    const bytes = new TextEncoder().encode(text);
    const key = await crypto.subtle.importKey(
      "raw",
      this.#secret,
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign"],
    );
    return hexText(new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes)));
  }

  #refresh(warn: (text: string) => void): void {
    const stamp = stampOf(this.path);
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    try {
      this.#hashes = readUsers(this.path);
    } catch (error) {
      warn(`the logins stay as they were: ${errorText(error)}`);
    }
  }

  [Symbol.dispose](): void {
    this.#thread?.end(new Error("the listeners are closed"));
  }
}

function startThread(): Thread<PasswordQuestion, boolean> {
  return new Thread(
    import.meta.resolve("./password_thread.ts"),
    ({ message }) => new Error(message),
  );
}

function stampOf(path: string): string {
  try {
    const { mtime, ino, size } = Deno.statSync(path);
    return `${ino} ${mtime?.getTime()} ${size}`;
  } catch {
    return "gone";
  }
}

function readUsers(path: string): ReadonlyMap<string, string> {
  const hashes = new Map<string, string>();
  for (const [index, line] of readLines(path).entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    // Further fields, as Dovecot has them, are others' affair.
    const [name = "", hash = ""] = line.trim().split(":");
    const rounds = Number(SHA_CRYPT.exec(hash)?.[1] ?? 0);
    const isFine = name !== "" && rounds <= 500_000 && (BCRYPT.test(hash) || SHA_CRYPT.test(hash));
    // Never the line itself: it may be a password in clear.
    if (!isFine) throw unusable(path, `line ${index + 1} cannot be used: ${EXPECTED}`);
    if (hashes.has(name)) {
      throw unusable(path, `line ${index + 1} has a name again that was there: ${quote(name)}`);
    }
    hashes.set(name, hash);
  }
  if (hashes.size === 0) throw unusable(path, `it names nobody: ${EXPECTED}`);
  return hashes;
}

const quote = (name: string) => JSON.stringify(name.slice(0, 80));

function readLines(path: string): readonly string[] {
  try {
    return Deno.readTextFileSync(path).split("\n");
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : error instanceof Deno.errors.PermissionDenied
      ? "permission denied"
      : errorText(error);
    throw unusable(path, reason);
  }
}

function unusable(path: string, reason: string): MailqError {
  return new MailqError("config_invalid", `Cannot use listen.users = "${path}": ${reason}`);
}
