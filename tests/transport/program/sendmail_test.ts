import assert from "node:assert/strict";
import type { DeliveryOutcome } from "../../../src/queue/ports/transport.ts";
import { sendmailRelay } from "../../../src/transport/program/sendmail.ts";
import { deliveryOf, SENDER, unhindered } from "../../support/smtp_delivery.ts";
import { WayOut } from "../../support/way_out.ts";

const SAY_ARGUMENTS = 'for a; do printf "%s\\n" "$a"; done > "$HERE/args"; cat > "$HERE/input"';

/** Runs `body` as a sendmail program; returns the first recipient's outcome and the report. */
async function send(way: WayOut, body: string, recipients = ["a@x.y"], sender = SENDER) {
  const path = await way.script("sendmail", body);
  const transport = sendmailRelay({ name: "test", path }).open();
  const delivery = deliveryOf(recipients, "Subject: s\r\n\r\n.\r\nbody\r\n", sender);
  const report = await transport.deliver(delivery, unhindered());
  const [outcome] = report.outcomes;
  assert.ok(outcome);
  return { outcome, report, path };
}

function gist({ kind, isRelayFault, enhanced }: DeliveryOutcome) {
  return { kind, isRelayFault, enhanced };
}

Deno.test("sendmail: the envelope is in the arguments, the message on stdin", async () => {
  await using way = await WayOut.make();
  const recipients = ["a@x.y", "-oQ/tmp@x.y", '"a b; $(id)"@x.y'];
  const { report, path } = await send(way, SAY_ARGUMENTS, recipients, "-me@x.y");
  assert.deepEqual(report.outcomes.map(({ kind }) => kind), ["sent", "sent", "sent"]);
  assert.equal(report.host, path);
  assert.deepEqual(way.read("args").split("\n"), [
    "-i",
    "-f",
    "-me@x.y",
    "--",
    ...recipients,
    "",
  ]);
  assert.equal(way.read("input"), "Subject: s\n\n.\nbody\n");
});

Deno.test("sendmail: the null sender is <>", async () => {
  await using way = await WayOut.make();
  await send(way, SAY_ARGUMENTS, ["a@x.y"], "");
  assert.deepEqual(way.read("args").split("\n").slice(0, 4), ["-i", "-f", "<>", "--"]);
});

Deno.test("sendmail: the exit status decides, stderr is the reply", async () => {
  await using way = await WayOut.make();
  const { outcome, report } = await send(
    way,
    'cat >/dev/null; echo "warming up" >&2; echo "no such user <\x1b[31m>" >&2; exit 67',
    ["a@x.y", "b@x.y"],
  );
  assert.deepEqual(gist(outcome), { kind: "failed", isRelayFault: false, enhanced: "5.1.1" });
  assert.deepEqual(report.outcomes[1], outcome);
  assert.equal(outcome.text, "warming up\nno such user <\x1b[31m>");
  assert.match(report.error ?? "", /sendmail: exit status 67 \(user unknown\): no such user/);
  assert.match(report.transcript ?? "", /no such user .*\nexit status 67 \(user unknown\)$/);
  assert.equal(report.traceback, null);
});

Deno.test("sendmail: a status without words has its meaning for a reply", async () => {
  await using way = await WayOut.make();
  const { outcome } = await send(way, "cat >/dev/null; exit 75");
  assert.deepEqual(gist(outcome), { kind: "deferred", isRelayFault: false, enhanced: "4.3.0" });
  assert.equal(outcome.text, "exit status 75 (temporary failure)");
});

Deno.test("sendmail: an enhanced code of the program's is not said twice", async () => {
  await using way = await WayOut.make();
  const { outcome } = await send(way, 'echo "5.7.1 not for you" >&2; exit 1');
  assert.deepEqual(gist(outcome), { kind: "failed", isRelayFault: false, enhanced: "5.7.1" });
  assert.equal(outcome.text, "not for you");
});

Deno.test("sendmail: stderr without an end is read, and a little of it kept", async () => {
  await using way = await WayOut.make();
  const { outcome, report } = await send(
    way,
    'head -c 1000000 /dev/zero | tr "\\0" x >&2; printf "\\nlast\\n" >&2; exit 75',
  );
  assert.equal(outcome.kind, "deferred");
  assert.ok(outcome.text.endsWith("x\nlast"));
  assert.ok(outcome.text.length <= 1_000);
  assert.ok((report.transcript ?? "").length < 20_000);
});

Deno.test("sendmail: a program that is not there, or no program, is the relay's fault", async () => {
  await using way = await WayOut.make();
  const file = `${way.path}/plain`;
  await Deno.writeTextFile(file, "no program");
  for (const path of [`${way.path}/missing`, file, way.path]) {
    const transport = sendmailRelay({ name: "test", path }).open();
    const report = await transport.deliver(deliveryOf(["a@x.y"]), unhindered());
    const [outcome] = report.outcomes;
    assert.ok(outcome);
    assert.deepEqual(gist(outcome), { kind: "deferred", isRelayFault: true, enhanced: null }, path);
    assert.match(report.error ?? "", /Running .*: .*\((ENOENT|EACCES)\)$/);
    assert.equal(report.traceback, null);
  }
});

Deno.test("sendmail: one that cannot start what it stands for is the relay's fault", async () => {
  await using way = await WayOut.make();
  const { outcome } = await send(way, "exec /nowhere/sendmail");
  assert.deepEqual(gist(outcome), { kind: "deferred", isRelayFault: true, enhanced: "4.3.5" });
  assert.match(outcome.text, /\/nowhere\/sendmail/);
});

Deno.test("sendmail: a killed program may have sent the message", async () => {
  await using way = await WayOut.make();
  const { outcome, report } = await send(way, "cat >/dev/null; kill -SEGV $$");
  assert.deepEqual(gist(outcome), { kind: "uncertain", isRelayFault: false, enhanced: null });
  assert.match(report.error ?? "", /killed by SIGSEGV/);
});

Deno.test("sendmail: recipients beyond a command line's room go in several runs", async () => {
  await using way = await WayOut.make();
  const recipients = Array.from({ length: 4_000 }, (_, i) => `${"r".repeat(60)}${i}@example.com`);
  const body = 'cat >/dev/null; shift 4; echo "$#" >> "$HERE/counts"; for a; do :; done; ' +
    `case "$a" in *r3999@*) exit 75;; esac`;
  const path = await way.script("sendmail", body);
  let begun = 0;
  const options = { ...unhindered(), onDataBegin: () => void begun++ };
  const report = await sendmailRelay({ name: "test", path }).open()
    .deliver(deliveryOf(recipients), options);
  const counts = way.read("counts").trim().split("\n").map(Number);
  assert.ok(counts.length > 1);
  assert.equal(counts.reduce((a, b) => a + b), 4_000);
  assert.equal(begun, 1);
  const deferred = report.outcomes.filter(({ kind }) => kind === "deferred").length;
  assert.equal(deferred, counts.at(-1));
  assert.ok(report.outcomes.every(({ kind }) => kind !== "failed"));
});

Deno.test("sendmail: a relay at fault is not asked again for the other recipients", async () => {
  await using way = await WayOut.make();
  const recipients = Array.from({ length: 4_000 }, (_, i) => `${"r".repeat(60)}${i}@example.com`);
  const { report } = await send(way, 'echo run >> "$HERE/runs"; exit 78', recipients);
  assert.equal(way.read("runs"), "run\n");
  assert.ok(report.outcomes.every(({ isRelayFault }) => isRelayFault));
});
