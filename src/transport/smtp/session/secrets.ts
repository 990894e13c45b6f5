// The password or token of a relay, and where it is had from: the settings, a command, a file,
// systemd's credentials. `log_in.ts` asks for it when a login is due; it is never written anywhere.

import { errorText } from "../../../queue/errors.ts";
import type { PasswordSource } from "../../../queue/relay_target.ts";
import { askShell } from "../../../system/shell.ts";
import { wait } from "../../../system/time.ts";
import type { OAuthClient } from "../../oauth/provider.ts";
import { ConnectionBroken } from "../connection/broken.ts";

/** Where a secret comes from: as set, or else systemd's credentials, the first file that is there
 *  (`LoadCredential=` in the unit). */
export type SecretSource =
  | Exclude<PasswordSource, { kind: "oauth" }>
  | { readonly kind: "credentials"; readonly paths: readonly string[] }
  /** A login by OAuth 2 that renews itself. */
  | { readonly kind: "tokens"; readonly client: OAuthClient; readonly file: string };

/** How long a password_command may take. */
const COMMAND_LIMIT_MS = 60_000;
/** What is read of its output: the secret is in the first line. */
const COMMAND_BYTES = 64 * 1024;

/** The password or token of one relay: read when first needed, then kept in memory only. */
export class Secret {
  #current: Promise<string> | null = null;
  #fetches = 0;

  constructor(readonly source: SecretSource) {}

  /** The secret. Rejects with `ConnectionBroken` where it cannot be had, and tries anew the next
   *  time. */
  get(): Promise<string> {
    // Tokens end: whether there is need of another, their file tells.
    if (this.source.kind === "tokens") return tokenOf(this.source);
    if (this.#current === null) {
      const fetched = this.#current = fetchSecret(this.source);
      const fetch = ++this.#fetches;
      fetched.catch(() => {
        if (fetch === this.#fetches) this.#current = null;
      });
    }
    return this.#current;
  }

  /** Fetches the secret anew after `refused` was refused, once for all that were refused with it.
   *  Whether there is another now. */
  async renew(refused: string): Promise<boolean> {
    if (this.source.kind === "text") return false;
    if (this.source.kind === "tokens") {
      return await tokenOf(this.source, refused).then(() => true, () => false);
    }
    try {
      if (await this.get() !== refused) return true;
      this.#current = null;
      return await this.get() !== refused;
    } catch {
      // The refusal is what there is to tell.
      return false;
    }
  }
}

function fetchSecret(source: SecretSource): Promise<string> {
  switch (source.kind) {
    case "text":
      return Promise.resolve(source.text);
    case "file":
      return readSecret(source.path);
    case "command":
      return runCommand(source.command);
    case "credentials":
      return readCredential(source.paths);
    case "tokens":
      return tokenOf(source);
  }
}

async function tokenOf(
  { client, file }: Extract<SecretSource, { kind: "tokens" }>,
  refused?: string,
): Promise<string> {
  const { accessToken }: typeof import("../../oauth/renew.ts") = await import(
    import.meta.resolve("../../oauth/renew.ts")
  );
  try {
    return await accessToken(client, file, { now: () => Date.now(), refused });
  } catch (error) {
    throw asFault(error, "cannot get a token");
  }
}

async function readSecret(path: string): Promise<string> {
  try {
    return firstLine(await Deno.readTextFile(path), `password_file "${path}"`);
  } catch (error) {
    throw asFault(error, `cannot read password_file "${path}"`);
  }
}

async function readCredential(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    try {
      return firstLine(await Deno.readTextFile(path), `credential "${path}"`);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      throw asFault(error, `cannot read the credential "${path}"`);
    }
  }
  throw new ConnectionBroken(
    "login",
    "there is a user but no password: set password_file or password_command of this relay" +
      (paths.length === 0 ? "" : `, or the credential "${paths.at(-1)}"`),
  );
}

/** Runs `command` by the shell; its own words are not shown, since they may hold the secret. */
async function runCommand(command: string): Promise<string> {
  try {
    const { text, code, signal, isCut } = await askShell(command, {
      // It may ask for a passphrase at our terminal.
      isGroup: false,
      limitMs: COMMAND_LIMIT_MS,
      maxBytes: COMMAND_BYTES,
      wait,
    });
    if (code !== 0 && !isCut) {
      const end = signal === null ? `ended with status ${code}` : `was ended by ${signal}`;
      throw new ConnectionBroken("login", `password_command ${end}: run it by hand to see why`);
    }
    return firstLine(text, "output of password_command");
  } catch (error) {
    throw asFault(error, "cannot run password_command");
  }
}

function firstLine(text: string, what: string): string {
  const [line = ""] = text.split(/\r?\n/, 1);
  if (line === "") throw new ConnectionBroken("login", `the ${what} has no password in it`);
  // With its bytes replaced it would be another password, and the relay might lock the account.
  if (line.includes("\ufffd")) {
    throw new ConnectionBroken("login", `the ${what} is no UTF-8, as which a password is sent`);
  }
  return line;
}

function asFault(error: unknown, action: string): ConnectionBroken {
  if (error instanceof ConnectionBroken) return error;
  return new ConnectionBroken("login", `${action}: ${errorText(error)}`, { cause: error });
}
