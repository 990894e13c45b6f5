import assert from "node:assert/strict";
import { prepareMessage } from "../../../src/intake/prepare.ts";
import { fileRelay, type FileSettings } from "../../../src/transport/mailbox/file.ts";
import { bytesOf, intakeOptions } from "../../intake/intake_options.ts";
import { deliveryOf, inPieces, SENDER, unhindered } from "../../support/smtp_delivery.ts";
import { FakeTimers } from "../../support/smtp_timers.ts";
import { WayOut } from "../../support/way_out.ts";

const clock = { now: () => Date.UTC(2026, 10, 22, 12) };
const FROM = `From ${SENDER} Sun Nov 22 12:00:00 2026\n`;
const FIELDS = `Return-Path: <${SENDER}>\nDelivered-To: a@x.y\n`;

function open(path: string, more: Partial<FileSettings> = {}) {
  return fileRelay({ name: "test", path, clock, ...more }).open();
}

Deno.test("file: messages follow each other with an empty line between", async () => {
  await using way = await WayOut.make();
  const path = `${way.path}/mbox`;
  const transport = open(path);
  const first = deliveryOf(["a@x.y", "b@x.y"], "Subject: 1\r\n\r\nFrom me\r\n>From me\r\n");
  const report = await transport.deliver(first, unhindered());
  await transport.deliver(deliveryOf(["a@x.y"], "Subject: 2\r\n", ""), unhindered());
  assert.deepEqual(report.outcomes.map(({ kind }) => kind), ["sent", "sent"]);
  assert.equal(report.outcomes[0]?.text, `appended to ${path}`);
  assert.equal(
    way.read("mbox"),
    `${FROM}${FIELDS}Delivered-To: b@x.y\nSubject: 1\n\n>From me\n>>From me\n\n` +
      "From MAILER-DAEMON Sun Nov 22 12:00:00 2026\n" +
      "Return-Path: <>\nDelivered-To: a@x.y\nSubject: 2\n\n",
  );
  assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
});

Deno.test("file: a file that does not end with an empty line gets one first", async () => {
  const message = `${FROM}${FIELDS}A: b\n\n`;
  const cases = [["", ""], ["x", "\n\n"], ["x\n", "\n"], ["x\n\n", ""], ["\n", "\n"]] as const;
  for (const [before, gap] of cases) {
    await using way = await WayOut.make();
    await Deno.writeTextFile(`${way.path}/mbox`, before);
    await open(`${way.path}/mbox`).deliver(deliveryOf(["a@x.y"], "A: b\r\n"), unhindered());
    assert.equal(way.read("mbox"), before + gap + message);
  }
});

Deno.test("file: taken in again the message has the same bytes", async () => {
  const text = "Message-ID: <1@x.y>\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\nSubject: \xff\r\n" +
    "\r\nFrom a\r\n>From b\r\n>>>From c\r\nFrom\r\n.\r\n\x00\r\n\r\n";
  for (const size of [1, 3, 5, 1_000]) {
    await using way = await WayOut.make();
    const delivery = inPieces(deliveryOf(["a@x.y"], text), size);
    await open(`${way.path}/mbox`).deliver(delivery, unhindered());
    const [, ...lines] = way.read("mbox").split("\n");
    const unquoted = lines.slice(0, -1).join("\n").replace(/^>(>*From )/gm, "$1");
    const { message } = await prepareMessage(bytesOf(unquoted), intakeOptions());
    assert.deepEqual(message.content, bytesOf(FIELDS.replaceAll("\n", "\r\n") + text));
  }
});

Deno.test("file: content that breaks off is cut off again", async () => {
  await using way = await WayOut.make();
  const transport = open(`${way.path}/mbox`);
  await transport.deliver(deliveryOf(["a@x.y"]), unhindered());
  const before = way.read("mbox");
  const content = async function* () {
    yield await Promise.resolve(bytesOf("Subject: half\r\n"));
    throw new Error("row is corrupt");
  };
  const report = await transport.deliver({ ...deliveryOf(["a@x.y"]), content }, unhindered());
  assert.equal(report.outcomes[0]?.kind, "deferred");
  assert.match(report.traceback ?? "", /row is corrupt/);
  assert.equal(way.read("mbox"), before);
});

Deno.test("file: what cannot be a mailbox is the relay's fault", async () => {
  await using way = await WayOut.make();
  const cases: [string, RegExp][] = [
    [way.path, /^Opening .*\(EISDIR\)$/],
    [`${way.path}/no/mbox`, /^Opening .*\(ENOENT\)$/],
    ["/dev/null", /^Opening \/dev\/null: it is no regular file$/],
  ];
  for (const [path, text] of cases) {
    const report = await open(path).deliver(deliveryOf(["a@x.y"]), unhindered());
    const [outcome] = report.outcomes;
    assert.deepEqual([outcome?.kind, outcome?.isRelayFault], ["deferred", true], path);
    assert.match(outcome?.text ?? "", text);
    assert.equal(report.error, outcome?.text);
  }
});

/** Another program with the file locked. */
function lock(path: string): Deno.FsFile {
  const file = Deno.openSync(path, { read: true, write: true, create: true });
  file.lockSync(true);
  return file;
}

/** Timers that say when the wait for a lock begins. */
function watchedTimers() {
  const timers = new FakeTimers();
  const waiting = Promise.withResolvers<void>();
  const watched = {
    now: () => timers.now(),
    after(ms: number, run: () => void) {
      waiting.resolve();
      return timers.after(ms, run);
    },
  };
  return { timers, watched, waiting: waiting.promise };
}

Deno.test("file: it waits for the lock of another program", async () => {
  await using way = await WayOut.make();
  const path = `${way.path}/mbox`;
  const other = lock(path);
  const { watched, waiting } = watchedTimers();
  const delivered = open(path, { timers: watched })
    .deliver(deliveryOf(["a@x.y"], "A: b\r\n"), unhindered());
  await waiting;
  other.writeSync(bytesOf("From the other\n\n"));
  other.close();
  assert.equal((await delivered).outcomes[0]?.kind, "sent");
  assert.equal(way.read("mbox"), `From the other\n\n${FROM}${FIELDS}A: b\n\n`);
});

Deno.test("file: a lock held for too long is the relay's fault, and the next one waits on", async () => {
  await using way = await WayOut.make();
  const path = `${way.path}/mbox`;
  const other = lock(path);
  const { timers, watched, waiting } = watchedTimers();
  const transport = open(path, { timers: watched, lockMs: 5_000 });
  const first = transport.deliver(deliveryOf(["a@x.y"]), unhindered());
  await waiting;
  timers.pass(5_000);
  const { outcomes: [outcome] } = await first;
  assert.deepEqual([outcome?.kind, outcome?.isRelayFault], ["deferred", true]);
  assert.match(outcome?.text ?? "", /^Locking .* for 5 seconds$/);
  assert.equal(way.read("mbox"), "");
  const second = transport.deliver(deliveryOf(["a@x.y"], "A: b\r\n"), unhindered());
  other.close();
  assert.equal((await second).outcomes[0]?.kind, "sent");
  assert.equal(way.read("mbox"), `${FROM}${FIELDS}A: b\n\n`);
});

Deno.test("file: told to stop it waits for the lock no longer, and holds none later", async () => {
  await using way = await WayOut.make();
  const path = `${way.path}/mbox`;
  const other = lock(path);
  const { watched, waiting } = watchedTimers();
  const stop = new AbortController();
  let hasBegun = false;
  const options = { onDataBegin: () => void (hasBegun = true), signal: stop.signal };
  const delivered = open(path, { timers: watched }).deliver(deliveryOf(["a@x.y"]), options);
  await waiting;
  stop.abort();
  assert.equal((await delivered).outcomes[0]?.kind, "deferred");
  assert.equal(hasBegun, false);
  other.close();
  using next = await Deno.open(path, { write: true });
  await next.lock(true);
  assert.equal(way.read("mbox"), "");
});

Deno.test("file: a file moved away while it was locked is not written to", async () => {
  await using way = await WayOut.make();
  const path = `${way.path}/mbox`;
  const other = lock(path);
  const { watched, waiting } = watchedTimers();
  const delivered = open(path, { timers: watched })
    .deliver(deliveryOf(["a@x.y"], "A: b\r\n"), unhindered());
  await waiting;
  await Deno.rename(path, `${way.path}/mbox.1`);
  other.close();
  assert.equal((await delivered).outcomes[0]?.kind, "sent");
  assert.equal(way.read("mbox.1"), "");
  assert.equal(way.read("mbox"), `${FROM}${FIELDS}A: b\n\n`);
});
