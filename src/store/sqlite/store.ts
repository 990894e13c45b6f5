// The store in one SQLite file: hands each method of the ports to the file that does it. Only what
// enqueue needs is loaded with it.

import type {
  ActionResult,
  BackupOptions,
  BackupResult,
  EnvelopeChanges,
  PauseOptions,
  PurgeOptions,
  ResendOptions,
  RetryOptions,
  RetryResult,
} from "../../queue/ports/operator.ts";
import type { Copying } from "../../queue/ports/copying.ts";
import type { Enqueued, Enqueuer, OpenBatch, Stage } from "../../queue/ports/intake.ts";
import type { Pause, PausedPart } from "../../queue/policy/pause.ts";
import type { Stall } from "../../queue/policy/stall.ts";
import { ID_LENGTH, makeId } from "../../queue/ids.ts";
import type { AttemptRecord, Claim } from "../../queue/claim.ts";
import type { WholeMessage } from "../../queue/message.ts";
import type { Filter } from "../../queue/filter.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { OpenOptions } from "../options.ts";
import type { SearchIndexOptions, Suppression } from "../../queue/ports/reader.ts";
import type {
  ClaimBatch,
  ClaimRequest,
  Postponed,
  RecordResult,
  WorkerHandle,
} from "../../queue/ports/claims.ts";
import type { Claiming } from "./claims/claiming.ts";
import { Connection, ONE_WRITE_WAITS, WORKER_WAITS } from "./db/connection.ts";
import { wayOf } from "./events/write.ts";
import { countEnqueued, insertMessage, suppressedAmong } from "./take_in/enqueue.ts";
import type { StageTarget } from "./take_in/stage_target.ts";
import { SqliteReporting } from "./reporting.ts";
import type { Undo } from "../../queue/ports/undo.ts";
import type { Clock, Random } from "../../system/time.ts";

interface SqliteOptions extends OpenOptions {
  /** The queue's file; null for a queue that nobody shares and that ends with its connection. */
  readonly path: string | null;
}

// Loaded when they are wanted; see loadCommand (src/cli/frame/command_table.ts) for why so.
const load = <Module>(name: string): Promise<Module> => import(import.meta.resolve(`./${name}.ts`));
const loadActions = () => load<typeof import("./act/actions.ts")>("act/actions");
const loadShow = () => load<typeof import("./read/show.ts")>("read/show");
const loadTakeOver = () => load<typeof import("./claims/take_over.ts")>("claims/take_over");
const loadPostpone = () => load<typeof import("./claims/postpone.ts")>("claims/postpone");
const loadPurge = () => load<typeof import("./act/purge.ts")>("act/purge");
const loadSearch = () => load<typeof import("./filter/search.ts")>("filter/search");
const loadOpenBatch = () => load<typeof import("./take_in/open_batch.ts")>("take_in/open_batch");
const loadJoin = () => load<typeof import("./take_in/batch_target.ts")>("take_in/batch_target");
const loadCopy = () => load<typeof import("./act/resend_changed.ts")>("act/resend_changed");
const loadPauses = () => load<typeof import("./act/pauses.ts")>("act/pauses");
const loadStatus = () => load<typeof import("./read/status.ts")>("read/status");
const loadSuppression = () => load<typeof import("./act/suppression.ts")>("act/suppression");

/** The queue in one SQLite file. Only what enqueue needs is loaded at once: every module that
 *  is loaded costs each `mailq enqueue` a part of a millisecond. */
export class SqliteStore extends SqliteReporting implements Store {
  #watch: import("./read/watch.ts").Watch | null = null;
  #claiming: Claiming | null = null;
  #undo: Undo | null = null;

  private constructor(
    db: Connection,
    clock: Clock,
    readonly random: Random,
    readonly keepsBodies: () => boolean,
    readonly holdsUncertain: () => boolean,
    readonly wayIn: string,
  ) {
    super(db, clock);
  }

  static async open(options: SqliteOptions): Promise<SqliteStore> {
    const { path, create, isWorker, clock, random, keepsBodies = () => true } = options;
    const { holdsUncertain = () => false, wayIn = "enqueue" } = options;
    // Who is no worker has nothing else to do: SQLite itself waits for the lock, for 10 s.
    const waits = isWorker ? WORKER_WAITS : ONE_WRITE_WAITS;
    const db = await Connection.open({ ...waits, path, create });
    return new SqliteStore(db, clock, random, keepsBodies, holdsUncertain, wayIn);
  }

  async enqueue(messages: readonly WholeMessage[]): Promise<Enqueued[]> {
    const { db } = this;
    const enqueued = await db.write(() => {
      const all = messages.map((message) => insertMessage(db, message, 0));
      const count = all.filter(({ seq }) => seq !== null).length;
      countEnqueued(db, wayOf(messages[0] ?? {}, this.wayIn), count);
      return all.map((one) => one.enqueued);
    });
    this.wakeOthers();
    return enqueued;
  }

  async stage(target?: StageTarget): Promise<Stage> {
    const { SqliteStage } = await load<typeof import("./take_in/stage.ts")>("take_in/stage");
    const { db, clock, random, wayIn } = this;
    if (target !== undefined) return await SqliteStage.begin(db, clock, random, target);
    const { QueueTarget } = await load<typeof import("./take_in/stage_target.ts")>(
      "take_in/stage_target",
    );
    return await SqliteStage.begin(db, clock, random, new QueueTarget(db, wayIn));
  }

  async openBatch(within: string | null): Promise<OpenBatch> {
    const { SqliteBatch } = await loadOpenBatch();
    const { db, clock, random, wayIn } = this;
    return await SqliteBatch.begin(db, clock, random, { within, wayIn });
  }

  async joinBatch(token: string): Promise<Enqueuer> {
    const { BatchTarget, JoinedBatch } = await loadJoin();
    return new JoinedBatch(BatchTarget.of(this.db, token), (target) => this.stage(target));
  }

  suppressedAmong(addresses: readonly string[]): Promise<string[]> {
    return Promise.resolve(suppressedAmong(this.db, addresses));
  }

  async registerWorker(kind: string): Promise<WorkerHandle> {
    const { registerWorker } = await load<typeof import("./claims/workers.ts")>("claims/workers");
    const { db, clock, random, holdsUncertain } = this;
    return await registerWorker(db, kind, { clock, random, holdsUncertain });
  }

  async claimDue(request: ClaimRequest): Promise<ClaimBatch> {
    return await (await this.claiming()).claimDue(request);
  }

  async *content(seq: number): AsyncIterable<Uint8Array> {
    const { content } = await loadShow();
    yield* content(this.db, seq);
  }

  async record(
    attempts: readonly AttemptRecord[],
  ): Promise<RecordResult> {
    return await (await this.claiming()).record(attempts, this.keepsBodies());
  }

  async giveBack(claims: readonly Claim[]): Promise<void> {
    const { giveBack } = await load<typeof import("./claims/record.ts")>("claims/record");
    await this.db.write(() => giveBack(this.db, claims, this.clock.now()));
  }

  async postpone(postponed: readonly Postponed[]): Promise<void> {
    const { postpone } = await loadPostpone();
    await this.db.write(() => postpone(this.db, postponed, this.clock.now()));
  }

  async pausePart(pause: Pause): Promise<boolean> {
    const { pausePart } = await loadPauses();
    return await pausePart(this.db, pause, this.clock.now());
  }

  async resumePart(part: PausedPart): Promise<number | null> {
    const { resumePart } = await loadPauses();
    const requeued = await resumePart(this.db, part, this.clock.now());
    this.wakeOthers();
    return requeued;
  }

  async changed(signal: AbortSignal): Promise<void> {
    const { Watch } = await load<typeof import("./read/watch.ts")>("read/watch");
    this.#watch ??= new Watch(this.db);
    await this.#watch.changed(signal);
  }

  async takeOver(): Promise<number> {
    const { takeOver } = await loadTakeOver();
    return await takeOver(this.db, {
      now: () => this.clock.now(),
      holdsUncertain: this.holdsUncertain(),
    });
  }

  async noteRound(): Promise<void> {
    const { noteRound } = await loadStatus();
    await noteRound(this.db, this.clock.now());
  }

  async noteStall(stall: Stall | null): Promise<boolean> {
    const { noteStall } = await loadStatus();
    return await noteStall(this.db, stall, this.clock.now());
  }

  async expireDue(): Promise<number> {
    const { expireDue } = await loadTakeOver();
    return await expireDue(this.db, () => this.clock.now());
  }

  async bringSearchUpToDate(options: SearchIndexOptions = {}): Promise<void> {
    const { bringSearchUpToDate } = await loadSearch();
    await bringSearchUpToDate(this.db, options);
  }

  async retry(filter: Filter, options: RetryOptions): Promise<RetryResult> {
    const { retry } = await loadActions();
    const result = await retry(this.db, filter, options, this.clock.now());
    if (result.requeued > 0) this.wakeOthers();
    return result;
  }

  async requeueDue(): Promise<number> {
    const { requeueDue } = await loadActions();
    return await requeueDue(this.db, this.clock.now());
  }

  async resend(filter: Filter, options: ResendOptions): Promise<ActionResult> {
    const { resend } = await loadActions();
    const result = await resend(this.db, filter, options, this.clock.now());
    this.wakeOthers();
    return result;
  }

  async resendChanged(id: string, changes: EnvelopeChanges): Promise<Enqueued> {
    const { resendChanged } = await loadCopy();
    const newId = makeId(this.random.bytes(ID_LENGTH));
    const enqueued = await resendChanged(this.db, id, changes, newId, this.clock.now());
    this.wakeOthers();
    return enqueued;
  }

  async hold(filter: Filter): Promise<ActionResult> {
    const { hold } = await loadActions();
    return await hold(this.db, filter, this.clock.now());
  }

  async release(filter: Filter): Promise<ActionResult> {
    const { release } = await loadActions();
    const result = await release(this.db, filter, this.clock.now());
    this.wakeOthers();
    return result;
  }

  async cancel(filter: Filter): Promise<ActionResult> {
    const { cancel } = await loadActions();
    return await cancel(this.db, filter, this.clock.now());
  }

  async purge(filter: Filter, options: PurgeOptions): Promise<number> {
    const { purge } = await loadPurge();
    return await purge(this.db, filter, options, this.clock.now());
  }

  async pause(options: PauseOptions = {}): Promise<boolean> {
    const { pause } = await loadStatus();
    return await pause(this.db, options, this.clock.now());
  }

  async resume(): Promise<boolean> {
    const { resume } = await loadStatus();
    const result = await resume(this.db, this.clock.now());
    this.wakeOthers();
    return result;
  }

  async suppress(addresses: readonly string[], reason: string | null): Promise<number> {
    const { suppress } = await loadSuppression();
    return await suppress(this.db, addresses, reason, this.clock.now());
  }

  async unsuppress(addresses: readonly string[]): Promise<number> {
    const { unsuppress } = await loadSuppression();
    return await unsuppress(this.db, addresses, this.clock.now());
  }

  async *suppressions(): AsyncIterable<Suppression> {
    const { suppressions } = await loadSuppression();
    yield* suppressions(this.db);
  }

  async undo(): Promise<Undo> {
    const { SqliteUndo } = await load<typeof import("./act/undo.ts")>("act/undo");
    return this.#undo ??= new SqliteUndo(this.db, this.clock);
  }

  async backup(path: string, options: BackupOptions): Promise<BackupResult> {
    const { backup } = await load<typeof import("./act/backup.ts")>("act/backup");
    return await backup(this.db, path, options, this.clock.now());
  }

  async copying(): Promise<Copying> {
    const { copying } = await load<typeof import("./act/copying.ts")>("act/copying");
    return copying(this.db, this.clock);
  }

  /** Who waits for changes sees to its own by itself. */
  protected override wakeOthers(): void {
    if (this.#watch === null) super.wakeOthers();
  }

  /** What claims and records. */
  async claiming(): Promise<Claiming> {
    const { Claiming } = await load<typeof import("./claims/claiming.ts")>("claims/claiming");
    return this.#claiming ??= new Claiming(this.db, this.clock);
  }

  async close(): Promise<void> {
    await this.#claiming?.close();
    this.#watch?.close();
    this.db.close();
  }
}
