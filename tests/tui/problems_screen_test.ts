import assert from "node:assert/strict";
import type { SqliteFixture } from "../support/queue_sqlite.ts";
import { newMessage, START } from "../support/queue_messages.ts";
import { afterFault, afterRefusal, HEALTHY } from "../../src/queue/policy/breaker.ts";
import { matchesGolden } from "./golden.ts";
import { fillQueue, idOf, KEYS, subject, TestScreen, tried } from "./screen.ts";

const MINUTE_MS = 60_000;

/** Refusals that quote what is different in each, and mail that goes. */
async function fillRefusals(fixture: SqliteFixture): Promise<void> {
  for (let i = 0; i < 6; i++) {
    const to = `user${i}@acme.test`;
    const reply = `<${to}>: Recipient address rejected: User unknown in queue ${1000 + i}`;
    await tried(fixture, "failed", {
      id: idOf(`un${i}`),
      recipients: [to],
      ...subject(`Mail ${i}`),
    }, {
      startedAt: START - (60 - i) * MINUTE_MS,
      reply,
    }, reply);
  }
  await tried(fixture, { retryAt: START + MINUTE_MS }, { id: idOf("wa1t"), ...subject("Waits") });
}

async function relayIsDown({ store }: SqliteFixture): Promise<void> {
  await store.noteRelay("bulk", () => {
    let health = HEALTHY;
    for (let i = 0; i < 4; i++) {
      health = afterFault(health, "connect to bulk.test:25: refused", START - 180 * MINUTE_MS);
    }
    return { ...health, openUntil: START + 5 * MINUTE_MS };
  });
}

async function relayRefuses({ store }: SqliteFixture): Promise<void> {
  await store.noteRelay("news", () =>
    afterRefusal(HEALTHY, {
      key: "535 5.7.8 Authentication failed",
      error: "535 5.7.8 Authentication failed",
      hint: "mend the login, then `mailq resume --relay NAME`",
      wait: 60 * MINUTE_MS,
      isProven: true,
    }, START - 2 * MINUTE_MS));
}

async function pauses({ store }: SqliteFixture): Promise<void> {
  const pause = {
    since: START - MINUTE_MS,
    until: null,
    isAutomatic: false,
    times: 0,
    refused: [],
  };
  for (const [scope, value] of [["tag", "news"], ["domain", "slow.test"]] as const) {
    await store.pausePart({ ...pause, scope, value, reason: null });
  }
  await store.pausePart({
    ...pause,
    scope: "sender",
    value: "ann@sender.example",
    reason: "550 5.1.8 Sender address rejected",
    until: START + 60 * MINUTE_MS,
    isAutomatic: true,
    times: 1,
  });
}

Deno.test("what is wrong stands first, and what is well does not", async () => {
  await using wrong = await TestScreen.open({ fill: fillQueue, startsAsItIs: true });
  assert.match(wrong.text, /\[0\]Problems/);
  await using well = await TestScreen.open({
    fill: ({ store }) => store.enqueue([newMessage()]).then(() => {}),
    startsAsItIs: true,
  });
  assert.match(well.text, /\[1\]All/);
});

Deno.test("replies that differ in what they quote are one problem", async () => {
  await using screen = await TestScreen.open({ fill: fillRefusals, startsAsItIs: true });
  await matchesGolden("problems_80x24", screen.terminal.rows());
  assert.match(screen.text, /2 problems, 7 recipients not reached/);
  assert.match(screen.text, /▸ +6 {2}550 5\.1\.1 .*User unknown.* 6 ✗/);
  await screen.press(KEYS.enter);
  assert.match(screen.text, /\/ problem:\d{5} +6\/7/);
  assert.match(screen.text, /row 1\/6/);
  await screen.press("j", "h");
  assert.match(screen.text, /\[0\]Problems[^]*▸ +6 {2}550/);
});

Deno.test("an action on a problem is for all of it, and for nothing else", async () => {
  await using screen = await TestScreen.open({ fill: fillRefusals, startsAsItIs: true });
  await screen.press("R");
  assert.match(screen.text, /Resend 6 messages, all that match, to those without it\?/);
  await screen.press("6y");
  assert.match(screen.text, /Resend to those without it: 6 done/);
  const { queued, deferred } = await screen.store.status();
  assert.deepEqual([queued, deferred], [6, 1]);
  // They wait now.
  await screen.shows(/▸ +6 {2}550 5\.1\.1 .* 6 ~/);
  await screen.press("r");
  assert.match(screen.text, /Nothing to retry: all 6 are not deferred/);
  await screen.press("j", "r", "1y");
  assert.match(screen.text, /Retry: 1 done/);
});

const TROUBLES = [
  ["a relay that is down", relayIsDown, /relay bulk DOWN 3h/],
  ["a relay that refuses", relayRefuses, /relay news REFUSES 2m/],
  ["a queue that is paused", ({ store }: SqliteFixture) => store.pause(), /PAUSED 0s/],
  ["a sender who is refused", pauses, /sender ann@sender\.example REFUSED/],
] as const;

for (const columns of [60, 80, 120, 200]) {
  for (const [name, make, told] of TROUBLES) {
    Deno.test(`the header tells of ${name} at ${columns} columns, and what failed`, async () => {
      await using screen = await TestScreen.open({
        columns,
        rows: 24,
        queue: "/var/lib/mailq/a-very-long-name-of-a-queue.db",
        fill: async (fixture) => {
          await fillQueue(fixture);
          await fixture.store.registerWorker("run");
          await make(fixture);
        },
        startsAsItIs: true,
      });
      const [header = ""] = screen.terminal.rows();
      assert.match(header, told);
      assert.match(header, /FAILED 2/);
      assert.match(header, /live/);
      // In full, with what to do, in the view.
      assert.match(screen.text, /! /);
    });
  }

  Deno.test(`of many troubles at ${columns} columns none is dropped in silence`, async () => {
    await using screen = await TestScreen.open({
      columns,
      rows: 40,
      fill: async (fixture) => {
        await fillQueue(fixture);
        await fixture.store.registerWorker("run");
        await relayIsDown(fixture);
        await relayRefuses(fixture);
        await pauses(fixture);
        await fixture.store.pause();
      },
      startsAsItIs: true,
    });
    const [header = ""] = screen.terminal.rows();
    const shown = [...header.matchAll(/PAUSED|DOWN|REFUSES|REFUSED|paused/g)].length;
    const left = Number(/ \+(\d+) /.exec(header)?.[1] ?? 0);
    assert.equal(shown + left, 6, header);
    assert.match(header, /FAILED 2/);
    for (
      const told of [/relay bulk is down/, /relay news refuses our mail/, /the tag news is paused/]
    ) {
      assert.match(screen.text, told);
    }
  });
}

Deno.test("nobody who sends is told, and a service that stands still", async () => {
  await using screen = await TestScreen.open({
    fill: ({ store }) =>
      store.enqueue([newMessage({ createdAt: START - 10 * MINUTE_MS })]).then(() => {}),
    startsAsItIs: true,
  });
  assert.match(screen.text, /NO WORKER[^]*start `mailq run`/);
  await using stalled = await TestScreen.open({
    fill: async ({ store, clock }) => {
      await store.enqueue([newMessage()]);
      await store.registerWorker("run");
      clock.advance(9 * MINUTE_MS);
    },
    startsAsItIs: true,
  });
  assert.match(stalled.text, /STALLED 9m/);
});

Deno.test("scheduled mail is told from queued, and is not due; overdue mail is", async () => {
  await using screen = await TestScreen.open({
    fill: async (fixture) => {
      await fixture.store.enqueue([
        newMessage({ id: idOf("1ater"), sendAt: START + 60 * MINUTE_MS, ...subject("Later") }),
        newMessage({ id: idOf("n0w"), ...subject("Now") }),
      ]);
      await tried(fixture, { retryAt: START - 10 * MINUTE_MS }, {
        id: idOf("1ate"),
        ...subject("L"),
      });
    },
  });
  assert.match(screen.text, /○ scheduled +1ater0.*not before/);
  await screen.press("2");
  assert.match(screen.text, /n0w000/);
  assert.match(screen.text, /~ deferred +1ate00/);
  assert.doesNotMatch(screen.text, /1ater0/);
  await screen.press("7");
  assert.match(screen.text, /\[7\]Scheduled +1\/3[^]*1ater0[^]*row 1\/1/);
});
