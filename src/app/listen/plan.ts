// Reads what the listeners go by out of the settings and the files they name. Called by listeners.ts
// when it opens, and when the settings are read anew.

import { NO_LISTENERS } from "../../config/tables/listen.ts";
import type { Settings } from "../../config/settings.ts";
import { MailqError } from "../../queue/errors.ts";
import type { App } from "../app.ts";
import type { ListenPlan } from "./client_host.ts";
import { TlsKeys } from "./tls_keys.ts";
import { Users } from "./logins/users.ts";

/** Throws `config_invalid` for files that cannot be used. */
export function readPlan({ random }: Pick<App, "random">, settings: Settings): ListenPlan {
  const listen = settings.listen ?? NO_LISTENERS;
  if (listen.tls !== null) requireTls(Deno.version.deno);
  const tls = listen.tls === null ? null : TlsKeys.read(listen.tls);
  const users = listen.users === null ? null : Users.read(listen.users, random);
  return { settings, listen, tls, users };
}

export function closePlan({ users }: ListenPlan): void {
  users?.[Symbol.dispose]();
}

/** Older runtimes cannot begin TLS on a connection as its server. */
function requireTls(version: string): void {
  if (isNewRuntime(version)) return;
  throw new MailqError(
    "config_invalid",
    `Cannot use listen.tls.cert: this build's Deno is ${version}; expected a mailq on Deno 2.9 or ` +
      "later",
  );
}

/** Whether the runtime has TLS for servers on any connection, and sockets that it inherits. */
export function isNewRuntime(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 9);
}
