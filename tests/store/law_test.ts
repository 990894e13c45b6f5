import assert from "node:assert/strict";
import type { Claim } from "../../src/queue/claim.ts";
import type { WorkerHandle } from "../../src/queue/ports/claims.ts";
import {
  FAILURE_REASONS,
  RECIPIENT_STATES,
  type RecipientEvent,
  type RecipientState,
  STORED_STATUSES,
} from "../../src/queue/state.ts";
import { nextState, RECIPIENT_EVENTS } from "../support/transitions.ts";
import { refreshMessage } from "../../src/store/sqlite/claims/refresh_message.ts";
import { attemptOf, type Ending, enqueued, START } from "../support/queue_messages.ts";
import { rowsOf, SqliteFixture } from "../support/queue_sqlite.ts";

const ADDRESS = "first@example.com";

/** A message with a recipient in the state that an event finds, and one beside it that lets the event
 *  get there. */
class Scene implements AsyncDisposable {
  #isDead = false;

  private constructor(
    readonly fixture: SqliteFixture,
    readonly worker: WorkerHandle,
    readonly claim: Claim,
  ) {}

  static async set(state: RecipientState, beside: RecipientState): Promise<Scene> {
    const fixture = await SqliteFixture.open();
    const { store } = fixture;
    await enqueued(store, { recipients: [ADDRESS, "second@example.com"] });
    const worker = await store.registerWorker("test");
    const { claims } = await store.claimDue({ worker, limit: 1, onlyUntried: true });
    const [claim] = claims;
    assert(claim !== undefined);
    await store.db.write(() => {
      for (const [n, now] of [state, beside].entries()) {
        store.db.run(
          "UPDATE recipient SET state = ?, next_at = ?, sent_at = ?, reason = ? WHERE n = ?",
          now,
          now === "deferred" ? START : null,
          now === "sent" ? START : null,
          now === "failed" ? "permanent" : null,
          n,
        );
      }
      store.db.run("UPDATE message SET last_worker = NULL");
      refreshMessage(store.db, claim.seq, START);
    });
    return new Scene(fixture, worker, claim);
  }

  /** Lets the worker die as kill -9 would. */
  killWorker(): void {
    this.#isDead = true;
    this.fixture.abandon(this.worker);
  }

  /** Records an attempt of the claim on the recipient. */
  async record(ending: Ending): Promise<void> {
    await this.fixture.store.record([attemptOf(this.claim, { 0: ending }, { endsClaim: false })]);
  }

  state(): unknown {
    return rowsOf(this.fixture.queue, "SELECT state, reason FROM recipient WHERE n = 0")[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isDead) await this.worker.close();
    await this.fixture[Symbol.asyncDispose]();
  }
}

interface Way {
  readonly beside: RecipientState;
  /** Lets the event happen by the store itself. */
  readonly act: (scene: Scene) => Promise<unknown>;
}

const claimAnew = ({ fixture: { store }, worker }: Scene) =>
  store.claimDue({ worker, limit: 1, onlyUntried: false });

const WAYS: Readonly<Record<RecipientEvent, Way>> = {
  claim: { beside: "queued", act: claimAnew },
  suppress: {
    beside: "queued",
    act: async (scene) => {
      await scene.fixture.store.suppress([ADDRESS], null);
      await claimAnew(scene);
    },
  },
  expire: {
    beside: "queued",
    act: async ({ fixture: { store } }) => {
      store.db.run("UPDATE message SET expires_at = ?", START);
      await store.expireDue();
    },
  },
  accept: { beside: "sending", act: (scene) => scene.record("sent") },
  accept_late: {
    beside: "sending",
    act: async (scene) => {
      scene.fixture.store.db.run("UPDATE message SET claim_token = claim_token + 1");
      await scene.record("sent");
    },
  },
  defer: { beside: "sending", act: (scene) => scene.record({ retryAt: START }) },
  reject: { beside: "sending", act: (scene) => scene.record("failed") },
  condemn: {
    beside: "queued",
    act: async ({ fixture: { store }, claim: { seq } }) => {
      store.db.run("UPDATE recipient SET code = 554, enhanced = NULL, reply = 'no'");
      const suspect = { seq, recipients: [0], addresses: [ADDRESS], times: 1 };
      const suspicion = { key: "554 no", text: "no", since: START, suspects: [suspect] };
      await store.noteSuspicion("default", "554 no", () => suspicion);
      await store.condemnSuspects("default");
    },
  },
  exhaust: { beside: "sending", act: (scene) => scene.record("exhausted") },
  outlive: {
    beside: "sending",
    act: async ({ fixture: { store }, claim }) => {
      const attempt = attemptOf(claim, { 0: "exhausted" }, { endsClaim: false });
      const changes = attempt.changes.map((change) => ({
        ...change,
        reason: "lifetime" as const,
      }));
      await store.record([{ ...attempt, changes }]);
    },
  },
  lose: {
    beside: "sending",
    act: async (scene) => {
      scene.killWorker();
      await scene.fixture.store.takeOver();
    },
  },
  give_back: {
    beside: "sending",
    act: ({ fixture: { store }, claim }) => store.giveBack([claim]),
  },
  retry: {
    beside: "queued",
    act: ({ fixture: { store } }) => store.retry({}, { dueOnly: false }),
  },
  resend: {
    beside: "queued",
    act: ({ fixture: { store } }) => store.resend({}, { unsentOnly: false }),
  },
  cancel: { beside: "queued", act: ({ fixture: { store } }) => store.cancel({}) },
};

for (const event of RECIPIENT_EVENTS) {
  Deno.test(`the law in SQL: ${event} does to each state what the table says`, async () => {
    const { beside, act } = WAYS[event];
    for (const state of RECIPIENT_STATES) {
      await using scene = await Scene.set(state, beside);
      const before = scene.state();
      await act(scene);
      const after = nextState(state, event);
      assert.deepEqual(
        scene.state(),
        after === null
          ? before
          : { state: after, reason: after === "failed" ? FAILURE_REASONS[event] ?? null : null },
        state,
      );
    }
  });
}

Deno.test("the law in SQL: no statement writes a state or a status by hand", async () => {
  const root = new URL("../../src/store/sqlite/", import.meta.url);
  const words = new RegExp(`'(${[...RECIPIENT_STATES, ...STORED_STATUSES].join("|")})'`);
  const found: string[] = [];
  for await (const folder of Deno.readDir(root)) {
    if (!folder.isDirectory) continue;
    for await (const file of Deno.readDir(new URL(`${folder.name}/`, root))) {
      const path = `${folder.name}/${file.name}`;
      // Released steps of the schema are never edited: they do not follow.
      if (path === "db/schema.ts") continue;
      const lines = (await Deno.readTextFile(new URL(path, root))).split("\n");
      for (const line of lines) if (words.test(line)) found.push(`${path}: ${line.trim()}`);
    }
  }
  assert.deepEqual(found, []);
});

Deno.test("the law in SQL: the schema counts every status", async () => {
  await using fixture = await SqliteFixture.open();
  const counted = rowsOf(fixture.queue, "SELECT status FROM tally WHERE lane = 0");
  assert.deepEqual(counted.map(({ status }) => status).sort(), [...STORED_STATUSES].sort());
});
