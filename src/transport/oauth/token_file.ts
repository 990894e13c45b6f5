// The file with a relay's tokens, which only its owner may read: whole or not at all, and on disk before a
// token is used. Logins and renewals write it; what the tokens are is theirs to know.

import { errorText } from "../../queue/errors.ts";
import { FileLock } from "../../system/file_lock.ts";
import { discardFile, folderOf, lookAt, makeFolders, syncFolder } from "../../system/files.ts";
import { giveToOwnerOf } from "../../system/handles.ts";
import { wait } from "../../system/time.ts";

/** A login as it is kept. Times are ms since 1970. */
export interface Tokens {
  readonly accessToken: string;
  readonly accessEndsAt: number;
  /** Null where the provider gives none: then the login ends with the access token. */
  readonly refreshToken: string | null;
  /** When it ends however often it is renewed, as the provider has said; null where it said nothing. */
  readonly endsAt: number | null;
  readonly renewedAt: number;
  /** Why it could not be renewed at the last try; null if it could. */
  readonly trouble: string | null;
  /** The provider has said that it is over. */
  readonly isOver: boolean;
}

/** The tokens in a file; null where there are none. Throws what the system says, and `Error` for a file
 *  that holds something else. */
export function readTokens(path: string): Tokens | null {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    found = null;
  }
  if (typeof found === "object" && found !== null) {
    const read = (key: string): unknown => Reflect.get(found, key);
    const text = (key: string) => typeof read(key) === "string" ? String(read(key)) : null;
    const time = (key: string) => typeof read(key) === "number" ? Number(read(key)) : null;
    const accessToken = text("access_token");
    if (accessToken !== null) {
      return {
        accessToken,
        accessEndsAt: time("access_ends_at") ?? 0,
        refreshToken: text("refresh_token"),
        endsAt: time("ends_at"),
        renewedAt: time("renewed_at") ?? 0,
        trouble: text("trouble"),
        isOver: read("is_over") === true,
      };
    }
  }
  throw new Error(`${path} holds no login`);
}

/** A place for new tokens that is sure to take them: made before the provider is asked, since what it
 *  gives may be given once. */
export class TokenPlace implements Disposable {
  private constructor(
    readonly path: string,
    readonly temporary: string,
    readonly file: Deno.FsFile,
  ) {}

  /** `owner` is a file or folder whose owner is to have it, where root makes it. Throws what the system
   *  says. */
  static make(path: string, owner: string): TokenPlace {
    makeFolders(folderOf(path), 0o700);
    const temporary = `${path}.${crypto.randomUUID()}`;
    const file = Deno.openSync(temporary, { write: true, createNew: true, mode: 0o600 });
    try {
      giveToOwnerOf(owner, file);
      // Room on the disk for the longest tokens.
      file.writeSync(new Uint8Array(ROOM_BYTES));
      file.syncSync();
      return new TokenPlace(path, temporary, file);
    } catch (error) {
      file.close();
      discardFile(temporary);
      throw error;
    }
  }

  /** Puts tokens in the file's place; they are on disk once this resolves. */
  async put(tokens: Tokens): Promise<void> {
    const text = JSON.stringify({
      access_token: tokens.accessToken,
      access_ends_at: tokens.accessEndsAt,
      refresh_token: tokens.refreshToken,
      ends_at: tokens.endsAt,
      renewed_at: tokens.renewedAt,
      trouble: tokens.trouble,
      is_over: tokens.isOver,
    });
    const bytes = new TextEncoder().encode(`${text}\n`);
    this.file.seekSync(0, Deno.SeekMode.Start);
    for (let at = 0; at < bytes.length;) at += this.file.writeSync(bytes.subarray(at));
    this.file.truncateSync(bytes.length);
    this.file.syncSync();
    Deno.renameSync(this.temporary, this.path);
    await syncFolder(folderOf(this.path)).catch(() => {});
  }

  [Symbol.dispose](): void {
    this.file.close();
    discardFile(this.temporary);
  }
}

const ROOM_BYTES = 32 * 1024;
const POLL_MS = 50;
/** Longer than any request to a provider takes. */
const PATIENCE_MS = 60_000;

/** The lock under which tokens are renewed: a provider may give each refresh token's successor once.
 *  Throws `Error` if another process holds it for a minute, and what the system says. */
export async function lockTokens(path: string): Promise<Disposable> {
  const never = new AbortController().signal;
  makeFolders(folderOf(path), 0o700);
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += POLL_MS) {
    const lock = await FileLock.tryTake(`${path}-lock`);
    if (lock !== null) {
      try {
        if (lookAt(path) !== null) giveToOwnerOf(path, lock.file);
      } catch (error) {
        lock.release();
        throw new Error(errorText(error), { cause: error });
      }
      return { [Symbol.dispose]: () => lock.release() };
    }
    await wait(POLL_MS, never);
  }
  throw new Error(`another process holds ${path}-lock`);
}
