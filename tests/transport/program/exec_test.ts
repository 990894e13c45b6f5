import assert from "node:assert/strict";
import { childOk } from "../../support/child.ts";
import { execRelay, type ExecSettings } from "../../../src/transport/program/exec.ts";
import { deliveryOf, SENDER, unhindered } from "../../support/smtp_delivery.ts";
import { FakeTimers } from "../../support/smtp_timers.ts";
import { WayOut } from "../../support/way_out.ts";

function open(command: string, more: Partial<ExecSettings> = {}) {
  return execRelay({ name: "test", command, ...more }).open();
}

/** Content of many pieces, and what became of them. */
function manyPieces(count: number) {
  const piece = new TextEncoder().encode(`${"x".repeat(65_534)}\r\n`);
  const seen = { read: 0, isClosed: false };
  const content = async function* () {
    try {
      for (; seen.read < count; seen.read++) yield await Promise.resolve(piece);
    } finally {
      seen.isClosed = true;
    }
  };
  return { seen, delivery: { ...deliveryOf(["a@x.y"]), content } };
}

Deno.test("exec: the envelope is in the environment", async () => {
  await using way = await WayOut.make();
  const names = ["ID", "SENDER", "RECIPIENTS", "SIZE", "RELAYING"].map((name) => `MAILQ_${name}`);
  const command = `printf '%s|' ${names.map((name) => `"$${name}"`).join(" ")} > ${way.path}/env`;
  const delivery = deliveryOf(["a@x.y", '"$(id);b"@x.y'], "A: b\r\n");
  const report = await open(command).deliver(delivery, unhindered());
  assert.deepEqual(report.outcomes.map(({ kind }) => kind), ["sent", "sent"]);
  assert.equal(
    way.read("env"),
    `0123456789ab|${SENDER}|a@x.y\n"$(id);b"@x.y|6|test|`,
  );
  await open(command).deliver(deliveryOf(["a@x.y"], "A: b\r\n", ""), unhindered());
  assert.equal(way.read("env"), "0123456789ab||a@x.y|6|test|");
});

Deno.test("exec: the command gets our environment without what is ours alone", async () => {
  await using way = await WayOut.make();
  const env = {
    PATH: Deno.env.get("PATH"),
    HOME: "/nowhere",
    MAILQ_PASSWORD: "secret",
    MAILQ_TX: "1",
    MAILQ_ID: "of another message",
  };
  await open(`env > ${way.path}/env`, { env }).deliver(deliveryOf(["a@x.y"]), unhindered());
  const variables = way.read("env");
  assert.match(variables, /^HOME=\/nowhere$/m);
  assert.match(variables, /^MAILQ_ID=0123456789ab$/m);
  assert.doesNotMatch(variables, /MAILQ_PASSWORD|MAILQ_TX|secret/);
});

Deno.test("exec: a command that does not read its input is judged by its status", async () => {
  for (const [command, kind] of [["exit 0", "sent"], ["exit 75", "deferred"]] as const) {
    const { seen, delivery } = manyPieces(1_000);
    const { outcomes: [outcome] } = await open(command).deliver(delivery, unhindered());
    assert.equal(outcome?.kind, kind);
    assert.ok(seen.read < 100, `${seen.read} pieces read for nobody`);
    assert.ok(seen.isClosed);
  }
});

Deno.test("exec: input is read as the command takes it", async () => {
  await using way = await WayOut.make();
  const { seen, delivery } = manyPieces(400);
  const command = `head -c 10 >/dev/null; read go < ${way.path}/go; cat | wc -c > ${way.path}/size`;
  await childOk(["mkfifo", `${way.path}/go`]);
  const delivered = open(command).deliver(delivery, unhindered());
  // Opening the pipe waits for its reader, by when nothing more is taken.
  using go = await Deno.open(`${way.path}/go`, { write: true });
  const readSoFar = seen.read;
  await go.write(new TextEncoder().encode("go\n"));
  const { outcomes: [outcome] } = await delivered;
  assert.equal(outcome?.kind, "sent");
  assert.ok(readSoFar < 50, `${readSoFar} pieces in memory`);
  assert.equal(Number(way.read("size")), 400 * 65_536 - 10);
});

Deno.test("exec: a command that does not end is killed with its children", async () => {
  await using way = await WayOut.make();
  const path = `${way.path}/up`;
  await childOk(["mkfifo", path]);
  const timers = new FakeTimers();
  const command = `exec 3> ${path}; sleep 60 & echo up >&3; wait`;
  const delivered = open(command, { timers }).deliver(deliveryOf(["a@x.y"]), unhindered());
  using up = await Deno.open(path);
  assert.equal(await up.read(new Uint8Array(10)), 3);
  timers.pass(10 * 60_000);
  const { outcomes: [outcome], error } = await delivered;
  assert.equal(outcome?.kind, "uncertain");
  assert.match(error ?? "", /Running the command: killed, .* after 600 seconds/);
  assert.equal(timers.pending, 0);
  // It ends when the last process that could write to it has.
  assert.equal(await up.read(new Uint8Array(10)), null);
});

Deno.test("exec: a command that will not be told to end is killed", async () => {
  await using way = await WayOut.make();
  await childOk(["mkfifo", `${way.path}/up`]);
  const timers = new FakeTimers();
  const command = `trap "" TERM; echo up > ${way.path}/up; while :; do sleep 600; done`;
  const delivered = open(command, { timers, limitMs: 1_000 })
    .deliver(deliveryOf(["a@x.y"]), unhindered());
  await Deno.readTextFile(`${way.path}/up`);
  timers.pass(1_000);
  timers.pass(5_000);
  const { outcomes: [outcome] } = await delivered;
  assert.equal(outcome?.kind, "uncertain");
});

Deno.test("exec: content that breaks off never passes for the whole message", async () => {
  await using way = await WayOut.make();
  const content = async function* () {
    yield await Promise.resolve(new TextEncoder().encode("Subject: half\r\n"));
    throw new Error("row is corrupt");
  };
  // The command itself is a child of the shell's.
  const command = `cat > ${way.path}/part && mv ${way.path}/part ${way.path}/whole; true`;
  const report = await open(command).deliver({ ...deliveryOf(["a@x.y"]), content }, unhindered());
  assert.equal(report.outcomes[0]?.kind, "deferred");
  assert.match(report.error ?? "", /row is corrupt/);
  assert.match(report.traceback ?? "", /row is corrupt/);
  assert.ok(!way.names(".").includes("whole"));
});

Deno.test("exec: a start that cannot be noted runs nothing", async () => {
  await using way = await WayOut.make();
  const onDataBegin = () => {
    throw new Error("worker file is gone");
  };
  const report = await open(`touch ${way.path}/ran`)
    .deliver(deliveryOf(["a@x.y"]), { ...unhindered(), onDataBegin });
  assert.equal(report.outcomes[0]?.kind, "deferred");
  assert.equal(report.outcomes[0]?.isRelayFault, false);
  assert.match(report.traceback ?? "", /worker file is gone/);
  assert.deepEqual(way.names("."), []);
});

Deno.test("exec: a command that the shell does not find is the relay's fault", async () => {
  const report = await open("/nowhere/deliver").deliver(deliveryOf(["a@x.y"]), unhindered());
  const [outcome] = report.outcomes;
  assert.deepEqual([outcome?.kind, outcome?.isRelayFault], ["deferred", true]);
  assert.match(report.error ?? "", /exit status 127/);
  assert.equal(report.host, null);
});

Deno.test("exec: a child that outlives the command holds nothing up", async () => {
  const timers = new FakeTimers();
  const waiting = Promise.withResolvers<void>();
  const limited = {
    now: () => timers.now(),
    after(ms: number, run: () => void) {
      const cancel = timers.after(ms, run);
      if (ms === 1_000) waiting.resolve();
      return cancel;
    },
  };
  const command = "sleep 600 & echo $! >&2; exit 75";
  const delivered = open(command, { timers: limited }).deliver(deliveryOf(["a@x.y"]), unhindered());
  await waiting.promise;
  timers.pass(1_000);
  const { outcomes: [outcome] } = await delivered;
  assert.equal(outcome?.kind, "deferred");
  Deno.kill(Number(outcome?.text), "SIGKILL");
});
