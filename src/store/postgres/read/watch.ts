// Tells a service, or a screen, that another process has changed the queue: by LISTEN on a connection
// of its own, with a look once a second behind it. Whoever commits tells by db/news.ts. The inbox is
// watched in the same way.

// @ts-types="../db/pg.d.ts"
import pg from "pg";
import { int } from "../../sql/columns.ts";
import { wait } from "../../../system/time.ts";
import { hasDeadWorker } from "../claims/take_over.ts";
import { clientConfig, type Database } from "../db/connection.ts";
import { CHANNEL } from "../db/news.ts";
import { isPassing } from "../db/errors.ts";

/** How often the queue is asked for what no notice tells: whether a worker has died, or, where
 *  nothing can be listened to, whether there is news at all. */
const POLL_MS = 1_000;
/** Who was told of a change may have missed one that was committed just behind it: `mailq.wake` is
 *  silent for so long. */
const AFTER_MS = 100;
/** A connection that is lost is made anew after so long. */
const RETRY_MS = 1_000;

interface Own {
  readonly who: string;
  readonly wakes: number;
}

/** Who tells nothing himself. */
export const NOBODY: Own = { who: "", wakes: 0 };

/** What is watched. */
interface Watched {
  readonly channel: string;
  /** What no notice tells, asked once a second. */
  readonly hasNews: () => Promise<boolean>;
}

/** Waits for what other processes do to the queue. */
export class Watch {
  #client: pg.Client | null = null;
  #isTouched = false;
  /** How often others had told when we last looked. */
  #seen: number | null = null;
  #wake: () => void = () => {};
  #again: ReturnType<typeof setTimeout> | null = null;
  #connectedAt = -Infinity;
  #isClosed = false;
  #connecting: Promise<void> | null = null;

  constructor(
    readonly db: Database,
    /** What this process tells of its own changes: by which name, and how often so far. */
    readonly own: Own,
    readonly watched: Watched = { channel: CHANNEL, hasNews: () => hasDeadWorker(db) },
  ) {}

  /** Resolves once another process has committed since the last call ended (at first: since the watch
   *  began), a worker has died, or at `signal`. */
  async changed(signal: AbortSignal): Promise<void> {
    await this.#listen();
    this.#seen ??= await this.#others();
    while (!signal.aborted && !this.#isTouched && !await this.#hasNews()) await this.#next(signal);
    this.#isTouched = false;
    this.#seen = await this.#others().catch(() => this.#seen);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#again !== null) clearTimeout(this.#again);
    await this.#connecting;
    await this.#client?.end().catch(() => {});
  }

  #touch(): void {
    this.#isTouched = true;
    this.#wake();
  }

  async #next(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const stop = () => over.abort();
    this.#wake = stop;
    signal.addEventListener("abort", stop, { once: true });
    if (!this.#isTouched && !signal.aborted) {
      // Many services do not look at the same moment.
      await wait(POLL_MS * (0.8 + 0.4 * Math.random()), over.signal);
    }
    signal.removeEventListener("abort", stop);
    this.#wake = () => {};
  }

  async #hasNews(): Promise<boolean> {
    await this.#listen();
    if (await this.watched.hasNews()) return true;
    return this.#client === null && await this.#haveOthersTold();
  }

  async #haveOthersTold(): Promise<boolean> {
    return await this.#others() > (this.#seen ?? 0);
  }

  /** How often others have told of a commit: `mailq.told` counts those, too, of whom nobody heard. */
  async #others(): Promise<number> {
    const told = int((await this.db.get("SELECT last_value FROM mailq.told"))?.last_value);
    return told - this.own.wakes;
  }

  /** Listens, unless it does so or cannot. What was committed while nobody listened is news. */
  async #listen(): Promise<void> {
    const { isPooled, target } = this.db;
    if (this.#client !== null || this.#isClosed || isPooled && target.listen === null) return;
    if (performance.now() - this.#connectedAt < RETRY_MS) return;
    const isAgain = this.#connectedAt > 0;
    this.#connectedAt = performance.now();
    this.#connecting = this.#connect().then(
      () => {
        if (isAgain) this.#touch();
      },
      (error) => {
        // Looking once a second goes on meanwhile.
        if (!isPassing(error)) throw error;
      },
    ).finally(() => this.#connecting = null);
    await this.#connecting;
  }

  async #connect(): Promise<void> {
    const { target } = this.db;
    const client = new pg.Client({ ...clientConfig(target), ...this.#elsewhere() });
    client.on("error", () => this.#lose(client));
    client.on("end", () => this.#lose(client));
    client.on("notification", ({ payload }) => this.#told(payload ?? ""));
    await client.connect();
    await client.query(`LISTEN ${this.watched.channel}`);
    this.#client = client;
  }

  #elsewhere(): { readonly host?: string; readonly port?: number } {
    const { listen } = this.db.target;
    if (listen === null) return {};
    const [, host = listen, port] = /^(.*?)(?::(\d+))?$/.exec(listen) ?? [];
    return { host, ...(port === undefined ? {} : { port: Number(port) }) };
  }

  #lose(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = null;
    client.end().catch(() => {});
    if (!this.#isClosed) this.#wake();
  }

  #told(who: string): void {
    // Our own is no news; but behind it, too, another was silent if it committed then.
    const isOwn = who !== "" && who === this.own.who;
    if (!isOwn) this.#touch();
    if (this.#again !== null) return;
    const again = this.#again = setTimeout(() => {
      this.#again = null;
      if (isOwn) void this.#lookAgain();
      else this.#touch();
    }, AFTER_MS);
    Deno.unrefTimer(again);
  }

  async #lookAgain(): Promise<void> {
    if (this.#isClosed) return;
    // Where it cannot be asked now, the look once a second tells why.
    if (await this.#haveOthersTold().catch(() => false)) this.#touch();
  }
}
