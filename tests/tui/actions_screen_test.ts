import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { newMessage } from "../support/queue_messages.ts";
import { matchesGolden } from "./golden.ts";
import { fillQueue, idOf, KEYS, partlySent, subject, TestScreen } from "./screen.ts";

async function statusOf({ store }: TestScreen, beginning: string): Promise<string | undefined> {
  return (await store.show(idOf(beginning)))?.status;
}

const waiting = (count: number) =>
  Array.from(
    { length: count },
    (_, i) => newMessage({ id: idOf(`n${String(i).padStart(4, "0")}`), ...subject(`Number ${i}`) }),
  );

Deno.test("a box asks before anything is done, and only y does it", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  await screen.press("x");
  await matchesGolden("confirm_80x24", screen.terminal.rows());
  for (const no of ["n", KEYS.enter, "\x1b"]) {
    if (!screen.text.includes("Cancel 1 message?")) await screen.press("x");
    assert.match(screen.text, /Cancel 1 message\?/);
    if (no.startsWith("\x1b")) {
      // A lone Escape is told from the beginning of another key by the time it takes.
      screen.terminal.type("\x1b");
      await screen.shows(/^(?![^]*Cancel 1 message)/);
    } else await screen.press(no);
    assert.doesNotMatch(screen.text, /Cancel 1 message\?/);
  }
  assert.equal(await statusOf(screen, "f1rst"), "queued");
  await screen.press("x", "y");
  assert.match(screen.text, /Cancel: 1 done/);
  assert.equal(await statusOf(screen, "f1rst"), "cancelled");
});

Deno.test("each action does what it says", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  await screen.press("p", "y");
  assert.equal(await statusOf(screen, "f1rst"), "held");
  assert.match(screen.text, /Hold: 1 done/);
  await screen.press("p");
  assert.match(screen.text, /Release 1 message\?/);
  await screen.press("y");
  assert.equal(await statusOf(screen, "f1rst"), "queued");
  await screen.press("3", "r", "y");
  assert.match(screen.text, /Retry: 1 done/);
  assert.equal(await statusOf(screen, "defer"), "queued");
  await screen.press("5", "r");
  assert.match(
    screen.text,
    /Nothing to retry: it is not deferred \(R resends whatever the state\)/,
  );
  await screen.press("R");
  assert.match(screen.text, /Resend 1 message\? Its recipient has it\./);
  await screen.press("y");
  assert.equal(await statusOf(screen, "5ent"), "queued");
  await screen.press("4", "D");
  assert.match(screen.text, /Delete for good 1 message\?[^]*undelivered mail among them is lost/);
  // It cannot be taken back, and is not done by the key that does all else.
  await screen.press("y");
  assert.match(screen.text, /Delete for good 1 message\?/);
  await screen.press("D");
  assert.match(screen.text, /Delete for good: 1 done/);
  assert.equal(await statusOf(screen, "m20xte"), undefined);
});

Deno.test("unsent recipients alone are a choice in the box", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  await screen.press("5", "R");
  assert.match(screen.text, /u: only to those without it/);
  await screen.press("u");
  assert.match(screen.text, /Nothing to resend unsent: it is sent or being sent/);
  await screen.press("4", " ", " ", "R", "a");
  assert.match(screen.text, /Resend 2 messages\?/);
  await screen.press("u");
  assert.match(screen.text, /a: to all recipients/);
  await screen.press("y");
  assert.match(screen.text, /Resend to those without it: 2 done/);
  assert.equal(await statusOf(screen, "7kq3vd"), "queued");
});

Deno.test("marks, ranges and all that match are what an action works on", async () => {
  await using screen = await TestScreen.open({
    fill: ({ store }) => store.enqueue(waiting(30)).then(() => {}),
  });
  await screen.press("  ");
  assert.match(screen.text, /2 marked[^]*row 3\/30/);
  await screen.press("jjvjjj");
  assert.match(screen.text, /RANGE · 6 marked/);
  await screen.press("kk");
  assert.match(screen.text, /RANGE · 4 marked/);
  await screen.press("kkk");
  // Behind its beginning it goes on the other way.
  assert.match(screen.text, /RANGE · 5 marked/);
  await screen.press("v");
  assert.doesNotMatch(screen.text, /RANGE/);
  await screen.press("x", "y");
  assert.match(screen.text, /Cancel: 5 done/);
  assert.equal(await screen.store.count({ statuses: ["cancelled"] }), 5);
  await screen.press("u", "g", "*");
  assert.match(screen.text, /30 marked: all that match/);
  await screen.press("G", " ", "x");
  // Five were cancelled before, and one is unmarked.
  assert.match(screen.text, /Cancel 24 messages, all that match\?/);
  assert.match(screen.text, /5 more chosen: not open, left alone/);
  // The number must be typed.
  await screen.press("y");
  assert.match(screen.text, /Cancel 24 messages/);
  await screen.press("28", "y");
  assert.match(screen.text, /Cancel 24 messages/);
  await screen.press(KEYS.backspace, "4", "y");
  assert.match(screen.text, /Cancel: 24 done/);
  assert.equal(await screen.store.count({ statuses: ["queued"] }), 1);
});

Deno.test("what arrives after all were marked is none of them", async () => {
  await using screen = await TestScreen.open({
    fill: ({ store }) => store.enqueue(waiting(3)).then(() => {}),
  });
  await screen.press("*");
  screen.fixture.clock.advance(60_000);
  await screen.store.enqueue([
    newMessage({ id: idOf("1ate"), createdAt: screen.fixture.clock.now() }),
  ]);
  await screen.shows(/\/4\b/);
  await screen.press("D", "3", "y");
  assert.match(screen.text, /Delete for good 3 messages/);
  await screen.press("D");
  assert.match(screen.text, /Delete for good: 3 done/);
  assert.equal(await statusOf(screen, "1ate"), "queued");
});

Deno.test("those who have a mail do not get it twice, unless their number is typed", async () => {
  await using screen = await TestScreen.open({ fill: partlySent });
  const queued = async () =>
    (await screen.store.show(idOf("part")))?.recipients.filter(({ state }) => state === "queued")
      .length;
  await screen.press("R");
  assert.match(screen.text, /Resend 1 message to 6 of 50 recipients\? 44 have it\./);
  await screen.press("a");
  assert.match(screen.text, /Resend 1 message to all 50, 44 of whom have it\?/);
  assert.match(screen.text, /type 50 and then y/);
  await screen.press("y");
  assert.equal(await queued(), 0);
  await screen.press("u", "y");
  assert.match(screen.text, /Resend to those without it: 1 done/);
  assert.equal(await queued(), 6);
  await screen.press("R", "a", "50y");
  assert.equal(await queued(), 50);
});

Deno.test("of all that match, too, only those without it get it", async () => {
  await using screen = await TestScreen.open({
    fill: async (fixture) => {
      await fillQueue(fixture);
      await partlySent(fixture);
    },
  });
  await screen.press("*", "R");
  // One of the eight was sent to its only recipient.
  assert.match(screen.text, /Resend 7 messages, all that match, to those without it\?/);
  assert.match(screen.text, /1 more chosen: sent or being sent, left alone/);
  await screen.press("7y");
  assert.equal(await statusOf(screen, "5ent"), "sent");
  await screen.press("5", "*", "R");
  assert.match(screen.text, /Resend 1 message, all that match, to all recipients\?/);
});

Deno.test("the box names what the action will touch, and nothing else", async () => {
  await using screen = await TestScreen.open({
    fill: async (fixture) => {
      await fillQueue(fixture);
      await fixture.store.enqueue(waiting(3));
    },
  });
  await screen.press("*");
  screen.fixture.clock.advance(60_000);
  const createdAt = screen.fixture.clock.now();
  await screen.store.enqueue([
    newMessage({ id: idOf("1ate"), createdAt, ...subject("Later mail") }),
  ]);
  await screen.shows(/\/11\b/);
  await screen.press("p", "n", "*", "p");
  const later = screen.text;
  await screen.press("n", "u", "g", "jj", "*");
  assert.match(later, /Hold 7 messages, all that match\?/);
  assert.match(later, /4 more chosen: not open, left alone/);
  await screen.press("k", "p");
  assert.doesNotMatch(screen.text.split("Hold")[1] ?? "", /Receipt|Invoice|Held back/);
});

/** A screen that holds 2,000 messages, with the first 500 of them done. */
async function holding(): Promise<TestScreen> {
  const screen = await TestScreen.open({
    fill: ({ store }) => store.enqueue(waiting(2_000)).then(() => {}),
  });
  await screen.press("*", "p");
  screen.counted.freeParts = 1;
  screen.terminal.type("2000y");
  await screen.shows(/working 500\/2000/);
  return screen;
}

Deno.test("an action on many shows how far it is, and stops where it is told to", async () => {
  await using screen = await holding();
  await screen.press("q");
  assert.match(screen.text, /Hold is at 500 of 2000 messages/);
  await screen.press("j", "q", "s");
  assert.match(screen.text, /stopping 500\/2000/);
  screen.counted.letActionsGo();
  await screen.shows(/Hold: 1000 done, 1000 left: stopped/);
  assert.equal(await screen.store.count({ statuses: ["held"] }), 1_000);
});

Deno.test("one action is done at a time, and goes on while others are looked at", async () => {
  await using screen = await holding();
  await screen.press("5", "1", "x");
  assert.match(screen.text, /An action is being done: q can stop it/);
  screen.counted.letActionsGo();
  await screen.shows(/Hold: 2000 done/);
});

for (const key of ["q", "\x03"]) {
  Deno.test(`leaving in the middle asks, and what was done is told: ${JSON.stringify(key)}`, async () => {
    await using screen = await holding();
    await screen.press(key);
    assert.match(screen.text, /q: stop here and leave/);
    await screen.press("q");
    screen.counted.letActionsGo();
    await screen.ended;
    assert.equal(screen.said, "Hold: 1000 done, 1000 left: stopped");
    assert.equal(await screen.store.count({ statuses: ["held"] }), 1_000);
  });
}

Deno.test("a signal in the middle of an action is told how far it came, too", async () => {
  await using screen = await holding();
  screen.terminal.signal("SIGTERM");
  await screen.ended;
  assert.equal(screen.said, "Hold: cut off, at least 500 of 2000 messages done");
  screen.counted.letActionsGo();
});

Deno.test("over a hundred messages the number must be typed", async () => {
  await using screen = await TestScreen.open({
    fill: ({ store }) => store.enqueue(waiting(150)).then(() => {}),
  });
  await screen.press(" ".repeat(101), "p");
  assert.match(screen.text, /Hold 101 messages\?[^]*type 101 and then y/);
  await screen.press("y");
  assert.match(screen.text, /Hold 101 messages\?/);
  await screen.press("101y");
  assert.match(screen.text, /Hold: 101 done/);
});

Deno.test("a message that has changed since is left alone, and that is said", async () => {
  await using screen = await TestScreen.open({
    fill: ({ store }) => store.enqueue(waiting(3)).then(() => {}),
  });
  await screen.press(".", "   ", "x");
  await screen.store.cancel({ ids: [idOf("n0001")] });
  await screen.press("y");
  assert.match(screen.text, /Cancel: 2 done, 1 had changed/);
});

Deno.test("an action that is busy is told, and the screen goes on", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  using other = new DatabaseSync(screen.fixture.queue);
  other.exec("BEGIN IMMEDIATE");
  screen.terminal.type("xy");
  await screen.shows(/working/);
  // Keys are obeyed meanwhile.
  screen.terminal.type("j");
  await screen.shows(/▸ .*he1d/);
  other.exec("COMMIT");
  await screen.shows(/Cancel: 1 done/);
});

Deno.test("a read-only screen offers no action, and does none", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue, isReadonly: true });
  assert.match(screen.text, / RO /);
  assert.doesNotMatch(screen.text, /retry|resend|cancel|delete|hold/);
  for (const key of ["r", "R", "p", "x", "D"]) {
    await screen.press(key);
    assert.match(screen.text, /Read-only/);
    // No box that it could answer: it opens the menu of what can be copied.
    await screen.press("y", "\x1b");
  }
  await screen.press(":", "cancel");
  assert.match(screen.text, /no such command/);
  await screen.press("\x03", "?");
  assert.doesNotMatch(screen.text, /give up on/);
  await screen.press("G");
  assert.doesNotMatch(screen.text, /give up on/);
  assert.deepEqual((await screen.store.status()).cancelled, 0);
});

Deno.test("a message is resent to others as a new one that names the old", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  await screen.press("/", "to:bob", KEYS.enter, "R", "e");
  assert.match(screen.text, /Resend 7kq3vd000000 as a new message/);
  assert.match(screen.text, /▸ Recipients bob@acme\.test/);
  await screen.press(
    "\x15",
    "robert@acme.test, Ann <ann@acme.test>",
    "\t",
    "\x15",
    "ops@acme.test",
  );
  await matchesGolden("form_80x24", screen.terminal.rows());
  const { row, column } = screen.terminal.cursor;
  assert.match(screen.terminal.rows()[row]?.slice(0, column) ?? "", /Sender.*ops@acme\.test$/);
  await screen.press(KEYS.enter);
  assert.match(screen.text, /Queue it to 2 recipients\? y does it/);
  await screen.press("n", KEYS.enter, "y");
  const made = /Queued as (\w{12}), a changed copy of 7kq3vd000000/.exec(screen.text)?.[1];
  const copy = await screen.store.show(made ?? "");
  assert.equal(copy?.replaces, idOf("7kq3vd"));
  assert.equal(copy?.sender, "ops@acme.test");
  assert.deepEqual(copy?.recipients.map(({ address }) => address), [
    "robert@acme.test",
    "ann@acme.test",
  ]);
  assert.equal(await statusOf(screen, "7kq3vd"), "failed");
});

Deno.test("an address that cannot be read is told, and nothing is queued", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  await screen.press(":", "resend changed", KEYS.enter, "\x15", "a@b@c", KEYS.enter, "y");
  assert.match(screen.text, /a@b@c/);
  assert.match(screen.text, /Cannot/);
  // What was typed is there to be mended.
  assert.match(screen.text, /▸ Recipients a@b@c/);
  await screen.press(KEYS.backspace.repeat(2), KEYS.enter, "y");
  assert.match(screen.text, /Queued as/);
  await screen.press("D", "D");
  assert.equal(await screen.store.count({}), 7);
});

Deno.test("plain words are searched for", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  await screen.press("/", "invo 2026", KEYS.enter);
  assert.match(screen.text, /row 1\/1/);
  assert.match(screen.text, /▸ .*7kq3vd/);
  await screen.press("\\", "/", "acme !invoice status:failed", KEYS.enter);
  assert.match(screen.text, /▸ .*m20xte[^]*row 1\/1/);
});

Deno.test("the queue can be paused and resumed from the palette", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  await screen.press(":", "pause the", KEYS.enter);
  assert.match(screen.text, /Pause the whole queue\?/);
  await screen.press("n", ":", "pause the", KEYS.enter, "y");
  assert.match(screen.text, /PAUSED/);
  assert.match(screen.text, /The queue is paused/);
  await screen.press(":", "resume", KEYS.enter);
  assert.doesNotMatch(screen.text, /PAUSED/);
});

Deno.test("an action is taken back while nothing was sent, and what it touched is a list", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  await screen.press("U");
  assert.match(screen.text, /There is nothing to take back/);
  await screen.press("/", "status:failed", KEYS.enter, "*", "R", "2y");
  assert.match(screen.text, /2 done · U takes it back/);
  assert.equal(await statusOf(screen, "7kq3vd"), "queued");
  await screen.press(":", "last", KEYS.enter);
  assert.match(screen.text, /last:action[^]*7kq3vd[^]*row 1\/2/);
  await screen.press("U");
  assert.match(screen.text, /Taken back: 2 as before/);
  assert.equal(await statusOf(screen, "7kq3vd"), "failed");
  await screen.press("1", "\\", "x", "y", "U");
  assert.equal(await statusOf(screen, "f1rst"), "queued");
  // Deleting has no way back, and the one before is none of it.
  await screen.press("D");
  assert.match(screen.text, /This cannot be taken back/);
  await screen.press("D", "U");
  assert.match(screen.text, /There is nothing to take back/);
});
