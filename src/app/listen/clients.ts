// Who is connected to the listeners, and who has to leave: limits on connections, and on how long a
// client may keep us waiting. Called by listeners.ts.

import type { ListenSettings } from "../../config/tables/listen.ts";
import { isLoopbackAddress } from "../../config/tables/networks.ts";
import type { Timers } from "../../system/time.ts";
import { maySendUnnamed, type Origin } from "./client_host.ts";
import type { Connection } from "./connection.ts";
import {
  CLIENT_CONNECTIONS_A_MINUTE,
  clientShare,
  CLOSE_MS,
  CROWDED_WAIT_MS,
  MAKES_ROOM_MS,
  STRANGER_WAIT_MS,
  SWEEP_MS,
  WAIT_MS,
} from "./limits.ts";

/** One other machine. */
interface Neighbour {
  connections: number;
  /** New ones in this minute. */
  recent: number;
}

interface Client {
  readonly connection: Connection;
  readonly origin: Origin;
  /** By its address; null for this machine's own programs, which share one address. */
  readonly neighbour: string | null;
}

/** From this share of all connections on, clients have to be quick. */
const CROWDED = 0.8;
const MINUTE_MS = 60_000;

export class Clients {
  readonly #clients = new Map<Connection, Client>();
  readonly #neighbours = new Map<string, Neighbour>();
  #sweepsSinceMinute = 0;
  #cancelSweep: () => void;

  constructor(readonly timers: Timers, readonly listen: () => ListenSettings) {
    this.#cancelSweep = timers.after(SWEEP_MS, () => this.#sweep());
  }

  /** Lets a client in, if need be in place of the one that has kept us waiting the longest. Returns
   *  why it may not come in, or null. */
  enter(connection: Connection, origin: Origin, hostname: string): string | null {
    const { maxConnections } = this.listen();
    const { address } = origin;
    const neighbour = address === null || isLoopbackAddress(address) ? null : address;
    if (neighbour !== null) {
      const { connections, recent } = this.#neighbours.get(neighbour) ?? NOBODY;
      if (connections >= clientShare(maxConnections)) return "too many connections of yours";
      if (recent >= CLIENT_CONNECTIONS_A_MINUTE) return "you connect too often";
    }
    if (this.#clients.size >= maxConnections && !this.#makeRoom(hostname)) {
      return "too many connections";
    }
    this.#clients.set(connection, { connection, origin, neighbour });
    if (neighbour !== null) {
      const { connections, recent } = this.#neighbours.get(neighbour) ?? NOBODY;
      this.#neighbours.set(neighbour, { connections: connections + 1, recent: recent + 1 });
    }
    return null;
  }

  leave(connection: Connection): void {
    const client = this.#clients.get(connection);
    if (client === undefined) return;
    this.#clients.delete(connection);
    const neighbour = client.neighbour === null
      ? undefined
      : this.#neighbours.get(client.neighbour);
    if (neighbour !== undefined) neighbour.connections--;
  }

  #makeRoom(hostname: string): boolean {
    let longest: Client | null = null;
    let longestMs = MAKES_ROOM_MS;
    for (const client of this.#clients.values()) {
      const waitedMs = client.connection.waitedMs();
      if (waitedMs < longestMs) continue;
      longest = client;
      longestMs = waitedMs;
    }
    if (longest === null) return false;
    this.#dismiss(longest.connection, `421 4.7.0 ${hostname}: others need the connection\r\n`);
    return true;
  }

  #dismiss(connection: Connection, lastWord: string): void {
    this.leave(connection);
    connection.dismiss(lastWord);
  }

  #sweep(): void {
    const { listen } = this;
    const isCrowded = this.#clients.size > CROWDED * listen().maxConnections;
    for (const { connection, origin } of [...this.#clients.values()]) {
      const limitMs = isCrowded
        ? CROWDED_WAIT_MS
        : maySendUnnamed(origin, listen())
        ? WAIT_MS
        : STRANGER_WAIT_MS;
      if (connection.waitedMs() > limitMs) {
        this.#dismiss(connection, "421 4.4.2 Waited for too long\r\n");
      }
    }
    if (++this.#sweepsSinceMinute * SWEEP_MS >= MINUTE_MS) {
      this.#sweepsSinceMinute = 0;
      for (const [address, neighbour] of this.#neighbours) {
        neighbour.recent = 0;
        if (neighbour.connections === 0) this.#neighbours.delete(address);
      }
    }
    this.#cancelSweep = this.timers.after(SWEEP_MS, () => this.#sweep());
  }

  /** Sends everybody away: at once who is waited for, the others once they have their answer, and
   *  whoever is still at it after a while. */
  async close(
    hostname: string,
    conversations: ReadonlySet<Promise<void>>,
  ): Promise<void> {
    this.#cancelSweep();
    const lastWord = `421 4.3.2 ${hostname} is closing\r\n`;
    for (const connection of this.#clients.keys()) connection.closeSoon(lastWord);
    const cancel = this.timers.after(CLOSE_MS, () => {
      for (const connection of this.#clients.keys()) connection.dismiss(lastWord);
    });
    await Promise.all(conversations);
    cancel();
  }
}

const NOBODY: Readonly<Neighbour> = { connections: 0, recent: 0 };
