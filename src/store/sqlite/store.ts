import type { RelayHealth } from "../../queue/breaker.ts";
import type { AttemptRecord, Claim, MessageDetail, MessageSummary } from "../../queue/message.ts";
import type {
  ActionResult,
  Clock,
  Enqueued,
  Filter,
  ListOptions,
  PurgeOptions,
  QueueStatus,
  Random,
  RetryResult,
  Stage,
  Store,
  Suppression,
  WholeMessage,
} from "../../queue/ports.ts";
import type { QueueStats } from "../../queue/stats.ts";
import type {
  ClaimBatch,
  ClaimRequest,
  Postponed,
  RecordResult,
  Share,
  ShareResult,
  WorkerHandle,
} from "../../queue/worker.ts";
import { Connection } from "./connection.ts";
import { insertMessage, suppressedAmong } from "./enqueue.ts";
import { wake } from "./wake.ts";

export interface SqliteOptions {
  /** The queue's file; null for a queue that nobody shares and that ends with its connection. */
  readonly path: string | null;
  readonly create: boolean;
  /** A process with more to do than this one write: it must not be blocked while it waits. */
  readonly isWorker: boolean;
  readonly clock: Clock;
  readonly random: Random;
}

const PATIENCE_MS = 10_000;

// Loaded when they are wanted; see loadCommand (src/cli/commands.ts) for why so.
const loadActions = (): Promise<typeof import("./actions.ts")> =>
  import(import.meta.resolve("./actions.ts"));
const loadRelays = (): Promise<typeof import("./relays.ts")> =>
  import(import.meta.resolve("./relays.ts"));
const loadStatus = (): Promise<typeof import("./status.ts")> =>
  import(import.meta.resolve("./status.ts"));
const loadSuppression = (): Promise<typeof import("./suppression.ts")> =>
  import(import.meta.resolve("./suppression.ts"));

/** The queue in one SQLite file. Only what enqueue needs is loaded at once: every module that
 *  is loaded costs each `mailq enqueue` a part of a millisecond. */
export class SqliteStore implements Store {
  #watch: import("./watch.ts").Watch | null = null;

  private constructor(
    readonly db: Connection,
    readonly clock: Clock,
    readonly random: Random,
  ) {}

  static async open(options: SqliteOptions): Promise<SqliteStore> {
    const db = await Connection.open({
      path: options.path,
      create: options.create,
      busyTimeoutMs: options.isWorker ? 100 : PATIENCE_MS,
      patienceMs: PATIENCE_MS,
    });
    return new SqliteStore(db, options.clock, options.random);
  }

  async enqueue(messages: readonly WholeMessage[]): Promise<Enqueued[]> {
    const { db } = this;
    const enqueued = await db.write(() =>
      messages.map((message) => insertMessage(db, message, 0).enqueued)
    );
    this.#wakeOthers();
    return enqueued;
  }

  async stage(): Promise<Stage> {
    const { SqliteStage }: typeof import("./stage.ts") = await import(
      import.meta.resolve("./stage.ts")
    );
    const { registerWorker }: typeof import("./workers.ts") = await import(
      import.meta.resolve("./workers.ts")
    );
    const owner = await registerWorker(this.db, "enqueue", this.clock, this.random);
    return await SqliteStage.begin(this.db, owner, this.clock);
  }

  suppressedAmong(addresses: readonly string[]): Promise<string[]> {
    return Promise.resolve(suppressedAmong(this.db, addresses));
  }

  async registerWorker(kind: string): Promise<WorkerHandle> {
    const { registerWorker }: typeof import("./workers.ts") = await import(
      import.meta.resolve("./workers.ts")
    );
    return await registerWorker(this.db, kind, this.clock, this.random);
  }

  async claimDue(request: ClaimRequest): Promise<ClaimBatch> {
    const { claimDue }: typeof import("./claim.ts") = await import(
      import.meta.resolve("./claim.ts")
    );
    let expired = 0, suppressed = 0;
    for (;;) {
      const batch = await this.db.write(() => claimDue(this.db, request, this.clock.now()));
      expired += batch.expired;
      suppressed += batch.suppressed;
      // Without claims, but with mail that met its end instead, there may be more behind it.
      if (batch.claims.length > 0 || batch.expired + batch.suppressed === 0) {
        return { claims: batch.claims, expired, suppressed };
      }
    }
  }

  async *content(seq: number): AsyncIterable<Uint8Array> {
    const { content }: typeof import("./show.ts") = await import(import.meta.resolve("./show.ts"));
    yield* content(this.db, seq);
  }

  async record(
    attempts: readonly AttemptRecord[],
    _worker: WorkerHandle,
    keepsBodies = true,
  ): Promise<RecordResult> {
    const { record }: typeof import("./record.ts") = await import(
      import.meta.resolve("./record.ts")
    );
    return await this.db.write(() => record(this.db, attempts, keepsBodies, this.clock.now()));
  }

  async giveBack(claims: readonly Claim[]): Promise<void> {
    const { giveBack }: typeof import("./record.ts") = await import(
      import.meta.resolve("./record.ts")
    );
    await this.db.write(() => giveBack(this.db, claims, this.clock.now()));
  }

  async postpone(postponed: readonly Postponed[]): Promise<void> {
    const { postpone }: typeof import("./postpone.ts") = await import(
      import.meta.resolve("./postpone.ts")
    );
    await this.db.write(() => postpone(this.db, postponed, this.clock.now()));
  }

  async relayHealth(name: string): Promise<RelayHealth> {
    const { relayHealth } = await loadRelays();
    return relayHealth(this.db, name);
  }

  async noteRelay(
    name: string,
    change: (health: RelayHealth) => RelayHealth,
  ): Promise<RelayHealth> {
    const { noteRelay } = await loadRelays();
    return await noteRelay(this.db, name, change, this.clock.now());
  }

  async takeShares(shares: readonly Share[]): Promise<ShareResult> {
    const { takeShares } = await loadRelays();
    return await takeShares(this.db, shares, this.clock.now());
  }

  async nextDueAt(after: number): Promise<number | null> {
    const { nextDueAt }: typeof import("./postpone.ts") = await import(
      import.meta.resolve("./postpone.ts")
    );
    return nextDueAt(this.db, after);
  }

  async changed(signal: AbortSignal): Promise<void> {
    const { Watch }: typeof import("./watch.ts") = await import(
      import.meta.resolve("./watch.ts")
    );
    this.#watch ??= new Watch(this.db);
    await this.#watch.changed(signal);
  }

  async takeOver(): Promise<number> {
    const { takeOver }: typeof import("./take_over.ts") = await import(
      import.meta.resolve("./take_over.ts")
    );
    return await takeOver(this.db, () => this.clock.now());
  }

  async noteRound(): Promise<void> {
    const { noteRound } = await loadStatus();
    await noteRound(this.db, this.clock.now());
  }

  async expireDue(): Promise<number> {
    const { expireDue }: typeof import("./take_over.ts") = await import(
      import.meta.resolve("./take_over.ts")
    );
    return await expireDue(this.db, () => this.clock.now());
  }

  async idsWithPrefix(prefix: string, limit: number): Promise<string[]> {
    const { idsWithPrefix }: typeof import("./list.ts") = await import(
      import.meta.resolve("./list.ts")
    );
    return idsWithPrefix(this.db, prefix, limit);
  }

  async *list(filter: Filter, options: ListOptions): AsyncIterable<MessageSummary> {
    const { list }: typeof import("./list.ts") = await import(import.meta.resolve("./list.ts"));
    yield* list(this.db, filter, options);
  }

  async count(filter: Filter): Promise<number> {
    const { countMatching, matching }: typeof import("./matching.ts") = await import(
      import.meta.resolve("./matching.ts")
    );
    return countMatching(this.db, matching(filter, "1"));
  }

  async stats(): Promise<QueueStats> {
    const { stats }: typeof import("./stats.ts") = await import(import.meta.resolve("./stats.ts"));
    return stats(this.db, this.clock.now());
  }

  async show(id: string): Promise<MessageDetail | null> {
    const { show }: typeof import("./show.ts") = await import(import.meta.resolve("./show.ts"));
    return show(this.db, id);
  }

  async status(): Promise<QueueStatus> {
    const { status } = await loadStatus();
    return await status(this.db, this.clock.now());
  }

  async retry(filter: Filter, dueOnly: boolean): Promise<RetryResult> {
    const { retry } = await loadActions();
    const result = await retry(this.db, filter, dueOnly, this.clock.now());
    if (result.requeued > 0) this.#wakeOthers();
    return result;
  }

  async requeueDue(): Promise<number> {
    const { requeueDue } = await loadActions();
    return await requeueDue(this.db, this.clock.now());
  }

  async resend(filter: Filter, unsentOnly: boolean): Promise<ActionResult> {
    const { resend } = await loadActions();
    const result = await resend(this.db, filter, unsentOnly, this.clock.now());
    this.#wakeOthers();
    return result;
  }

  async hold(filter: Filter): Promise<ActionResult> {
    const { hold } = await loadActions();
    return await hold(this.db, filter, this.clock.now());
  }

  async release(filter: Filter): Promise<ActionResult> {
    const { release } = await loadActions();
    const result = await release(this.db, filter, this.clock.now());
    this.#wakeOthers();
    return result;
  }

  async cancel(filter: Filter): Promise<ActionResult> {
    const { cancel } = await loadActions();
    return await cancel(this.db, filter, this.clock.now());
  }

  async purge(filter: Filter, options: PurgeOptions): Promise<number> {
    const { purge }: typeof import("./purge.ts") = await import(import.meta.resolve("./purge.ts"));
    return await purge(this.db, filter, options);
  }

  async pause(): Promise<boolean> {
    const { pause } = await loadStatus();
    return await pause(this.db, this.clock.now());
  }

  async resume(): Promise<boolean> {
    const { resume } = await loadStatus();
    const result = await resume(this.db);
    this.#wakeOthers();
    return result;
  }

  async suppress(addresses: readonly string[], reason: string | null): Promise<number> {
    const { suppress } = await loadSuppression();
    return await suppress(this.db, addresses, reason, this.clock.now());
  }

  async unsuppress(addresses: readonly string[]): Promise<number> {
    const { unsuppress } = await loadSuppression();
    return await unsuppress(this.db, addresses);
  }

  async *suppressions(): AsyncIterable<Suppression> {
    const { suppressions } = await loadSuppression();
    yield* suppressions(this.db);
  }

  /** Who waits for changes sees to its own by itself. */
  #wakeOthers(): void {
    if (this.#watch === null) wake(this.db);
  }

  close(): Promise<void> {
    this.#watch?.close();
    this.db.close();
    return Promise.resolve();
  }
}
