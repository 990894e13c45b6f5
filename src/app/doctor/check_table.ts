// The doctor's checks, in the order in which they are told, and how each is loaded when it is wanted.
// A new check is a file in one of the folders here and a row.

import type { Check } from "./check.ts";

export interface CheckRow {
  /** In a word or two; a check that tells of several things names each. */
  readonly name: string;
  /** It asks over the network: left out with `--offline`. */
  readonly isOnline?: boolean;
  /** It looks at relays one by one, and so at one alone. */
  readonly isOfRelay?: boolean;
  /** It is of use for such queues alone: those in a file of this machine, or those of a server. */
  readonly queue?: "file" | "server";
  /** It looks at what whoever sends needs, and is left out for users who hand in mail. */
  readonly isOwners?: boolean;
  /** Where it is. */
  readonly url: string;
}

export const CHECKS: readonly CheckRow[] = [
  { name: "settings", url: import.meta.resolve("./settings/settings.ts") },
  { name: "transport", url: import.meta.resolve("./settings/transport.ts") },
  { name: "passwords", isOwners: true, url: import.meta.resolve("./settings/passwords.ts") },
  { name: "commands", isOwners: true, url: import.meta.resolve("./settings/commands.ts") },
  { name: "aliases", url: import.meta.resolve("./settings/aliases.ts") },
  { name: "queue", url: import.meta.resolve("./queue/queue.ts") },
  { name: "modes", queue: "file", url: import.meta.resolve("./queue/modes.ts") },
  { name: "integrity", queue: "file", url: import.meta.resolve("./queue/integrity.ts") },
  { name: "log", queue: "file", url: import.meta.resolve("./queue/log_size.ts") },
  { name: "SQLite", queue: "file", url: import.meta.resolve("./queue/sqlite.ts") },
  { name: "file system", queue: "file", url: import.meta.resolve("./queue/disk.ts") },
  { name: "locks", queue: "file", url: import.meta.resolve("./queue/locks.ts") },
  { name: "database", queue: "server", url: import.meta.resolve("./queue/database.ts") },
  { name: "drop folder", queue: "file", url: import.meta.resolve("./queue/drop_folder.ts") },
  { name: "other queues", url: import.meta.resolve("./queue/other_queues.ts") },
  { name: "clock", url: import.meta.resolve("./host/clock.ts") },
  { name: "hostname", url: import.meta.resolve("./host/hostname.ts") },
  { name: "names", url: import.meta.resolve("./host/names.ts") },
  { name: "other mail", url: import.meta.resolve("./host/other_mail.ts") },
  { name: "confinement", url: import.meta.resolve("./host/confinement.ts") },
  { name: "sending", isOwners: true, url: import.meta.resolve("./sending/senders.ts") },
  { name: "pauses", url: import.meta.resolve("./sending/pauses.ts") },
  { name: "hooks", isOwners: true, url: import.meta.resolve("./sending/hooks.ts") },
  { name: "token", isOwners: true, url: import.meta.resolve("./sending/logins.ts") },
  {
    name: "places",
    isOwners: true,
    isOfRelay: true,
    url: import.meta.resolve("./relay/places.ts"),
  },
  {
    name: "relay",
    isOwners: true,
    isOfRelay: true,
    isOnline: true,
    url: import.meta.resolve("./relay/ask_relays.ts"),
  },
  { name: "SPF", isOwners: true, isOnline: true, url: import.meta.resolve("./relay/spf.ts") },
];

export async function loadCheck({ url }: CheckRow): Promise<Check<unknown>> {
  const { check }: { check: Check<unknown> } = await import(url);
  return check;
}
