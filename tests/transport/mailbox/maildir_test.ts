import assert from "node:assert/strict";
import { prepareMessage } from "../../../src/intake/prepare.ts";
import { maildirRelay, type MaildirSettings } from "../../../src/transport/mailbox/maildir.ts";
import { bytesOf, intakeOptions } from "../../intake/intake_options.ts";
import { deliveryOf, inPieces, SENDER, unhindered } from "../../support/smtp_delivery.ts";
import { WayOut } from "../../support/way_out.ts";

function open(path: string, more: Partial<MaildirSettings> = {}) {
  return maildirRelay({ name: "test", path, hostname: "host.test", ...more }).open();
}

/** Text of the one message in `box`. */
function stored(way: WayOut): string {
  const [name, ...others] = way.names("box/new");
  assert.deepEqual(others, []);
  return way.read(`box/new/${name}`);
}

Deno.test("maildir: one file for all recipients, below the envelope", async () => {
  await using way = await WayOut.make();
  const path = `${way.path}/box`;
  const delivery = deliveryOf(["a@x.y", "b@x.y"], "Subject: s\r\n\r\nFrom me\r\n\xe4\r\n");
  const report = await open(path).deliver(delivery, unhindered());
  assert.deepEqual(report.outcomes.map(({ kind }) => kind), ["sent", "sent"]);
  assert.equal(report.host, path);
  assert.equal(
    stored(way),
    `Return-Path: <${SENDER}>\nDelivered-To: a@x.y\nDelivered-To: b@x.y\n` +
      "Subject: s\n\nFrom me\n\xe4\n",
  );
  assert.match(report.outcomes[0]?.text ?? "", /^stored as new\/\d+\.M/);
  assert.deepEqual(way.names("box/tmp"), []);
});

Deno.test("maildir: the null sender is <>", async () => {
  await using way = await WayOut.make();
  await open(`${way.path}/box`).deliver(deliveryOf(["a@x.y"], "A: b\r\n", ""), unhindered());
  assert.match(stored(way), /^Return-Path: <>\nDelivered-To: a@x\.y\nA: b\n$/);
});

Deno.test("maildir: taken in again the message has the same bytes", async () => {
  const messages = [
    "Message-ID: <1@x.y>\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\nSubject: \xff\r\n\r\n" +
    "From a\r\n>From b\r\n.\r\n\x00\r\n\r\n",
    "Message-ID: <1@x.y>\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n\r\n",
  ];
  for (const text of messages) {
    for (const size of [1, 3, 1_000]) {
      await using way = await WayOut.make();
      const delivery = inPieces(deliveryOf(["a@x.y"], text), size);
      await open(`${way.path}/box/`).deliver(delivery, unhindered());
      const { message } = await prepareMessage(bytesOf(stored(way)), intakeOptions());
      const fields = `Return-Path: <${SENDER}>\r\nDelivered-To: a@x.y\r\n`;
      assert.deepEqual(message.content, bytesOf(fields + text));
    }
  }
});

Deno.test("maildir: files and folders are their owner's alone", async () => {
  await using way = await WayOut.make();
  await open(`${way.path}/box`).deliver(deliveryOf(["a@x.y"]), unhindered());
  const [name] = way.names("box/new");
  const modes = ["", "tmp", "new", "cur", `new/${name}`].map((part) =>
    (Deno.statSync(`${way.path}/box/${part}`).mode ?? 0) & 0o777
  );
  assert.deepEqual(modes, [0o700, 0o700, 0o700, 0o700, 0o600]);
});

Deno.test("maildir: names tell time, process and host, and never meet", async () => {
  await using way = await WayOut.make();
  const clock = { now: () => 1_700_000_000_123.5 };
  const boxes = [1, 2].map(() => open(`${way.path}/box`, { clock, hostname: "a/b:c" }));
  await Promise.all(
    [...boxes, ...boxes].map((box) => box.deliver(deliveryOf(["a@x.y"]), unhindered())),
  );
  const names = way.names("box/new");
  assert.equal(names.length, 4);
  const form = new RegExp(
    String.raw`^1700000000\.M123500P${Deno.pid}Q\d+R[0-9a-f]{16}\.a\\057b\\072c$`,
  );
  for (const name of names) assert.match(name, form);
});

Deno.test("maildir: a folder without a parent, or in the way of a file, is the relay's fault", async () => {
  await using way = await WayOut.make();
  await Deno.writeTextFile(`${way.path}/file`, "");
  for (const path of [`${way.path}/no/box`, `${way.path}/file`, `${way.path}/file/box`]) {
    const report = await open(path).deliver(deliveryOf(["a@x.y"]), unhindered());
    const [outcome] = report.outcomes;
    assert.deepEqual([outcome?.kind, outcome?.isRelayFault], ["deferred", true], path);
    assert.match(outcome?.text ?? "", /^Making the folder .*: .*\((ENOENT|ENOTDIR|EEXIST)\)$/);
    assert.equal(report.error, outcome?.text);
  }
  assert.deepEqual(way.names("."), ["file"]);
});

Deno.test("maildir: what cannot be moved into place leaves nothing behind", async () => {
  await using way = await WayOut.make();
  const transport = open(`${way.path}/box`);
  await transport.deliver(deliveryOf(["a@x.y"]), unhindered());
  await Deno.remove(`${way.path}/box/new`, { recursive: true });
  const { outcomes: [outcome] } = await transport.deliver(deliveryOf(["a@x.y"]), unhindered());
  assert.deepEqual([outcome?.kind, outcome?.isRelayFault], ["deferred", true]);
  assert.match(outcome?.text ?? "", /^Moving .*ENOENT/);
  assert.deepEqual(way.names("box/tmp"), []);
  // The folder is made anew.
  const { outcomes: [next] } = await transport.deliver(deliveryOf(["a@x.y"]), unhindered());
  assert.equal(next?.kind, "sent");
});

Deno.test("maildir: content that breaks off leaves nothing behind", async () => {
  await using way = await WayOut.make();
  const content = async function* () {
    yield await Promise.resolve(bytesOf("Subject: half\r\n"));
    throw new Error("row is corrupt");
  };
  const report = await open(`${way.path}/box`)
    .deliver({ ...deliveryOf(["a@x.y"]), content }, unhindered());
  assert.deepEqual(
    [report.outcomes[0]?.kind, report.outcomes[0]?.isRelayFault],
    ["deferred", false],
  );
  assert.match(report.traceback ?? "", /row is corrupt/);
  assert.deepEqual([...way.names("box/tmp"), ...way.names("box/new")], []);
});
