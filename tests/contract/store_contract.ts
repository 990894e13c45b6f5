import type { Store } from "../../src/queue/ports/store.ts";
import type { WorkerHandle } from "../../src/queue/ports/claims.ts";
import type { OpenOptions } from "../../src/store/options.ts";
import type { FakeClock } from "../support/queue_clock.ts";
import { actionTests } from "./store/actions.ts";
import { batchTests } from "./store/batches.ts";
import { changeTests } from "./store/changes.ts";
import { claimTests } from "./store/claims.ts";
import { contentTests } from "./store/content.ts";
import { counterTests } from "./store/counters.ts";
import { enqueueTests } from "./store/enqueue.ts";
import { eventTypeTests } from "./store/event_types.ts";
import { eventTests } from "./store/events.ts";
import { filterTests } from "./store/filters.ts";
import { hookTests } from "./store/hooks.ts";
import { listTests } from "./store/lists.ts";
import { modelTests } from "./store/model.ts";
import { purgeTests } from "./store/purge.ts";
import { recordTests } from "./store/records.ts";
import { relayTests } from "./store/relays.ts";
import { reportTests } from "./store/reports.ts";
import { resendChangedTests } from "./store/resend_changed.ts";
import { searchTests } from "./store/search.ts";
import { stageTests } from "./store/stages.ts";
import { statusTests } from "./store/status.ts";
import { suppressionTests } from "./store/suppressions.ts";
import { undoTests } from "./store/undo.ts";
import { takeOverTests } from "./store/take_over.ts";

/** A fresh queue under test. Disposing of it closes what was opened and fails if the queue is
 *  not in good order: a count that differs from a recount, a body without a message. */
export interface StoreFixture extends AsyncDisposable {
  readonly store: Store;
  readonly clock: FakeClock;
  /** The path or URL by which another process opens the queue. */
  readonly queue: string;
  /** The path or URL of another queue, which is not there yet; it goes with this one. */
  readonly elsewhere: string;
  /** Opens the queue once more, as another process would. */
  another(options?: AnotherOptions): Promise<Store>;
  /** Ends a worker as kill -9 would: its lock goes, its registration stays. */
  abandon(worker: WorkerHandle): void;
  /** Fails if the queue is not in good order. */
  verify(): void | Promise<void>;
}

/** How a queue is opened once more. */
export type AnotherOptions = Pick<OpenOptions, "keepsBodies" | "holdsUncertain" | "wayIn">;

/** Declares a test of one behaviour on a fresh queue. */
export type TestStore = (
  behaviour: string,
  run: (fixture: StoreFixture) => Promise<void>,
) => void;

/** Declares the tests of what every store promises, whatever it stands on: each sentence of the ports
 *  (src/queue/ports) and each row of the law of states. They know a store by nothing but its ports
 *  and `openFixture`, which makes a fresh queue for each of them: a new kind of store needs a
 *  StoreFixture of its own, and one call of this (tests/store/sqlite_test.ts). Its queue must be one
 *  that `openStore` (src/store/open.ts) opens by its name, as other processes do. */
export function storeContract(name: string, openFixture: () => Promise<StoreFixture>): void {
  const test: TestStore = (behaviour, run) =>
    Deno.test(`${name}: ${behaviour}`, async () => {
      await using fixture = await openFixture();
      await run(fixture);
    });
  enqueueTests(test);
  contentTests(test);
  stageTests(test);
  batchTests(test);
  claimTests(test);
  recordTests(test);
  takeOverTests(test);
  actionTests(test);
  resendChangedTests(test);
  purgeTests(test);
  filterTests(test);
  listTests(test);
  searchTests(test);
  statusTests(test);
  relayTests(test);
  changeTests(test);
  suppressionTests(test);
  eventTests(test);
  eventTypeTests(test);
  counterTests(test);
  reportTests(test);
  hookTests(test);
  undoTests(test);
  modelTests(test);
}
