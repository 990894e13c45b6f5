// How much of the listeners one client, and all of them, may use. Read by listeners.ts and
// client_host.ts; how many connections there may be in all is the setting listen.max_connections.

import type { SmtpLimits } from "../../intake/smtp/host.ts";

/** What one connection may use. */
export const CONNECTION_LIMITS: SmtpLimits = { recipients: 1_000, errors: 20, idleCommands: 100 };

/** How long a client may keep us waiting (RFC 5321 4.5.3.2.7), in ms. */
export const WAIT_MS = 5 * 60_000;
/** The same for one of another machine that has not logged in yet, where it must. */
export const STRANGER_WAIT_MS = 60_000;
/** The same while most connections are in use. */
export const CROWDED_WAIT_MS = 10_000;
/** Where all connections are in use, who has kept us waiting the longest makes room for a new client,
 *  if it is for so long. */
export const MAKES_ROOM_MS = 1_000;
/** How often it is seen who keeps us waiting. */
export const SWEEP_MS = 1_000;

/** Text of a message that stays in memory; what is more goes to a file. */
export const MEMORY_BYTES = 64 * 1024;
/** What of unfinished messages may be in files, for all connections. */
export const MAX_FILE_BYTES = 2 * 1024 ** 3;

/** The messages of one call that come by listen.submit, in all. */
export const MAX_SUBMIT_BYTES = 256 * 1024 ** 2;

/** How many connections one other machine may have, of so many in all. */
export function clientShare(maxConnections: number): number {
  return Math.max(Math.min(10, maxConnections), Math.floor(maxConnections / 4));
}

/** New connections of one other machine in a minute. */
export const CLIENT_CONNECTIONS_A_MINUTE = 600;

/** How long what is being said is waited for when the listeners close. */
export const CLOSE_MS = 5_000;
