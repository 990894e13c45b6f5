// The store on PostgreSQL: hands each method of the ports to the file that does it, and tells other
// processes of what it has changed. src/store/open.ts opens it, and loads nothing of it for others.

import { MailqError } from "../../queue/errors.ts";
import type { AttemptRecord, Claim } from "../../queue/claim.ts";
import type { Filter } from "../../queue/filter.ts";
import { ID_LENGTH, makeId } from "../../queue/ids.ts";
import type { WholeMessage } from "../../queue/message.ts";
import type { Pause, PausedPart } from "../../queue/policy/pause.ts";
import type { Stall } from "../../queue/policy/stall.ts";
import type {
  ClaimBatch,
  ClaimRequest,
  Postponed,
  RecordResult,
  WorkerHandle,
} from "../../queue/ports/claims.ts";
import type { Enqueued, Enqueuer, OpenBatch, Stage } from "../../queue/ports/intake.ts";
import type {
  ActionResult,
  BackupResult,
  EnvelopeChanges,
  PauseOptions,
  PurgeOptions,
  ResendOptions,
  RetryOptions,
  RetryResult,
} from "../../queue/ports/operator.ts";
import type { Store } from "../../queue/ports/store.ts";
import { hexText } from "../../system/bytes.ts";
import type { Clock, Random } from "../../system/time.ts";
import type { OpenOptions } from "../options.ts";
import { cancel, hold, release, requeueDue, resend, retry } from "./act/actions.ts";
import { pausePart, resumePart } from "./act/pauses.ts";
import { purge } from "./act/purge.ts";
import { resendChanged } from "./act/resend_changed.ts";
import { claimDue } from "./claims/claim.ts";
import { Marks } from "./claims/marks.ts";
import { postpone } from "./claims/postpone.ts";
import { endedTokens, giveBack, record } from "./claims/record.ts";
import { expireDue, takeOver } from "./claims/take_over.ts";
import { PostgresWorker, registerWorker } from "./claims/workers.ts";
import { wayOf } from "../sqlite/events/write.ts";
import type { Database } from "./db/connection.ts";
import type { Sql, Write } from "./db/transaction.ts";
import { databaseClock } from "./db/clock.ts";
import { openDatabase } from "./db/open_database.ts";
import { openSchema } from "./db/open_schema.ts";
import { PostgresInbox } from "./inbox/take_in.ts";
import { takeHook } from "./events/hooks.ts";
import { readyFor } from "./filter/search_index.ts";
import { News } from "./db/news.ts";
import { noteRound, noteStall, pause, resume } from "./read/status.ts";
import { Watch } from "./read/watch.ts";
import { PostgresReporting } from "./reporting.ts";
import { BATCH_KIND, BatchTarget, batchToken, JoinedBatch } from "./take_in/batch_target.ts";
import { enqueueAll, incoming, listedAmong } from "./take_in/enqueue.ts";
import { PostgresBatch } from "./take_in/open_batch.ts";
import { PostgresStage } from "./take_in/stage.ts";
import { QueueTarget, type StageTarget } from "./take_in/stage_target.ts";

interface PostgresOptions extends OpenOptions {
  readonly url: string;
  /** The time is the one of `clock`, whatever the database's is. */
  readonly isOwnTime?: boolean;
}

const WORKER_CONNECTIONS = 6;
const CONNECTIONS = 2;
/** What relays have answered would go out again if it came to nobody's knowledge: it is kept for as long as
 *  others wait before they take it over. */
const RECORDING = { patienceMs: 60_000 };

/** The queue in the schema `mailq` of a database. */
export class PostgresStore extends PostgresReporting implements Store {
  #watch: Watch | null = null;
  readonly #marks: Marks;
  readonly #news: News;
  readonly inbox: PostgresInbox;

  private constructor(
    db: Database,
    clock: Clock,
    readonly random: Random,
    readonly keepsBodies: () => boolean,
    readonly holdsUncertain: () => boolean,
    readonly wayIn: string,
  ) {
    super(db, clock);
    this.#marks = new Marks(db);
    this.#news = new News(db, hexText(random.bytes(8)));
    this.inbox = new PostgresInbox({ db, clock, wake: this.#wake });
  }

  /** Throws `busy` if the database cannot be reached, `config_invalid`, `permission`, `queue_newer`. */
  static async open(options: PostgresOptions): Promise<PostgresStore> {
    const { url, create, isWorker, clock, random, keepsBodies = () => true } = options;
    const { holdsUncertain = () => false, wayIn = "enqueue" } = options;
    const db = openDatabase(url, { connections: isWorker ? WORKER_CONNECTIONS : CONNECTIONS });
    try {
      await openSchema(db, { create });
      const time = options.isOwnTime ? clock : await databaseClock(db, clock);
      return new PostgresStore(db, time, random, keepsBodies, holdsUncertain, wayIn);
    } catch (error) {
      await db.close();
      throw error;
    }
  }

  async enqueue(messages: readonly WholeMessage[]): Promise<Enqueued[]> {
    const inserted = await this.waking(async (tx) => {
      const inserted = await enqueueAll(tx, messages.map(incoming));
      const count = inserted.filter(({ seq }) => seq !== null).length;
      if (count > 0) tx.counts.add("enqueued", [wayOf(messages[0] ?? {}, this.wayIn)], count);
      return inserted;
    });
    return inserted.map((one) => one.enqueued);
  }

  async stage(target: StageTarget = new QueueTarget(this.wayIn)): Promise<Stage> {
    const owner = await this.#register("enqueue");
    return await PostgresStage.begin(this.db, owner, target, this.#wake);
  }

  async openBatch(within: string | null): Promise<OpenBatch> {
    const target = within === null
      ? new QueueTarget(this.wayIn)
      : await BatchTarget.of(this.db, within);
    await target.check();
    const owner = await this.#register(BATCH_KIND);
    const token = await batchToken(this.db, owner.row.name);
    return await PostgresBatch.begin(this.db, owner, target, token, this.#wake);
  }

  async joinBatch(token: string): Promise<Enqueuer> {
    const target = await BatchTarget.of(this.db, token);
    return new JoinedBatch(target, (target) => this.stage(target));
  }

  async suppressedAmong(addresses: readonly string[]): Promise<string[]> {
    const listed = await listedAmong(this.db, addresses);
    return addresses.filter((address) => listed.has(address.toLowerCase()));
  }

  async registerWorker(kind: string): Promise<WorkerHandle> {
    const worker = await this.#register(kind);
    await this.#news.tell();
    return worker;
  }

  async takeHook(name: string): Promise<{ release(): void } | null> {
    return await takeHook(this.db, name, await this.#register("hook"));
  }

  #register(kind: string): Promise<PostgresWorker> {
    const { db, clock, random, holdsUncertain } = this;
    return registerWorker({ db, clock, random, holdsUncertain, marks: this.#marks }, kind);
  }

  async claimDue(request: ClaimRequest): Promise<ClaimBatch> {
    const { worker } = request;
    if (!(worker instanceof PostgresWorker)) throw new Error("a worker of another store claims");
    const batch = await claimDue(this.db, { ...request, worker }, () => this.clock.now());
    this.#marks.lend(batch.claims);
    if (batch.claims.length + batch.expired + batch.suppressed > 0) this.#news.tellSoon();
    return batch;
  }

  async record(attempts: readonly AttemptRecord[]): Promise<RecordResult> {
    const options = { now: this.clock.now(), keepsBodies: this.keepsBodies() };
    const result = await this.db.write((tx) => record(tx, attempts, options), RECORDING);
    this.#marks.forget(endedTokens(attempts));
    this.#news.tellSoon();
    return result;
  }

  async giveBack(claims: readonly Claim[]): Promise<void> {
    await this.db.write((tx) => giveBack(tx, claims, this.clock.now()));
    this.#marks.forget(claims.map(({ token }) => token));
    this.#news.tellSoon();
  }

  async postpone(postponed: readonly Postponed[]): Promise<void> {
    await this.db.write((tx) => postpone(tx, postponed, this.clock.now()));
    this.#news.tellSoon();
  }

  async pausePart(pause: Pause): Promise<boolean> {
    return await this.#telling(pausePart(this.db, pause, this.clock.now()));
  }

  async resumePart(part: PausedPart): Promise<number | null> {
    return await this.#telling(resumePart(this.db, part, this.clock.now()));
  }

  async changed(signal: AbortSignal): Promise<void> {
    this.#watch ??= new Watch(this.db, this.#news);
    await this.#watch.changed(signal);
  }

  async takeOver(): Promise<number> {
    return await takeOver(this.db, {
      now: () => this.clock.now(),
      holdsUncertain: this.holdsUncertain(),
    });
  }

  async noteRound(): Promise<void> {
    await noteRound(this.db, this.clock.now());
  }

  async noteStall(stall: Stall | null): Promise<boolean> {
    return await noteStall(this.db, stall, this.clock.now());
  }

  async expireDue(): Promise<number> {
    return await expireDue(this.db, () => this.clock.now());
  }

  async retry(filter: Filter, options: RetryOptions): Promise<RetryResult> {
    await readyFor(this.db, filter);
    return await this.#telling(retry(this.db, filter, options, this.clock.now()));
  }

  async requeueDue(): Promise<number> {
    return await requeueDue(this.db, this.clock.now());
  }

  async resend(filter: Filter, options: ResendOptions): Promise<ActionResult> {
    await readyFor(this.db, filter);
    return await this.#telling(resend(this.db, filter, options, this.clock.now()));
  }

  async resendChanged(id: string, changes: EnvelopeChanges): Promise<Enqueued> {
    const newId = makeId(this.random.bytes(ID_LENGTH));
    const now = this.clock.now();
    const copied = await resendChanged(this.db, id, changes, { newId, now, wake: this.#wake });
    return copied;
  }

  async hold(filter: Filter): Promise<ActionResult> {
    await readyFor(this.db, filter);
    return await this.#telling(hold(this.db, filter, this.clock.now()));
  }

  async release(filter: Filter): Promise<ActionResult> {
    await readyFor(this.db, filter);
    return await this.#telling(release(this.db, filter, this.clock.now()));
  }

  async cancel(filter: Filter): Promise<ActionResult> {
    await readyFor(this.db, filter);
    return await this.#telling(cancel(this.db, filter, this.clock.now()));
  }

  async purge(filter: Filter, options: PurgeOptions): Promise<number> {
    await readyFor(this.db, filter);
    return await this.#telling(purge(this.db, filter, options, this.clock.now()));
  }

  async pause(options: PauseOptions = {}): Promise<boolean> {
    return await this.#telling(pause(this.db, options, this.clock.now()));
  }

  async resume(): Promise<boolean> {
    return await this.#telling(resume(this.db, this.clock.now()));
  }

  backup(): Promise<BackupResult> {
    return Promise.reject(
      new MailqError(
        "usage",
        `Cannot back up the queue ${this.db.name}: PostgreSQL does that itself ` +
          "(pg_dump --schema=mailq)",
      ),
    );
  }

  /** A write that somebody may wait for. */
  protected override async waking<T>(work: (tx: Write) => Promise<T>): Promise<T> {
    const result = await this.db.write(async (tx) => {
      const result = await work(tx);
      await this.#wake(tx);
      return result;
    });
    return result;
  }

  readonly #wake = (tx: Sql): Promise<void> => this.#news.wake(tx);

  /** Tells others of what an action has done in its commits. */
  async #telling<T>(action: Promise<T>): Promise<T> {
    try {
      return await action;
    } finally {
      await this.#news.tell();
    }
  }

  async close(): Promise<void> {
    await this.#watch?.close();
    await this.inbox.close();
    await this.#news.close();
    await this.db.close();
  }
}
