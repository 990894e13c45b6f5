import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

/** The samples of `mailq metrics`, by name and labels. */
async function samples(mailq: Mailq): Promise<Map<string, number>> {
  return samplesOf(await mailq.ok(["metrics"]));
}

function samplesOf(text: string): Map<string, number> {
  assert.match(text, /\n# EOF\n$/);
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line): [string, number] => {
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}

Deno.test("metrics: what the queue holds and what was done, with no address in it", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url, MAILQ_RATE: "100/h" });
  const hook = '[[hook]]\nname = "shut"\nevents = "recipient.failed"\ncommand = "exit 1"';
  await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, hook);
  await mailq.ok(["hooks", "skip", "shut"]);
  await mailq.enqueue(mail({ to: "ann@a.test, refuse.bob@b.test, defer.cy@a.test" }));
  await mailq.ok(["sendmail", "dan@a.test"], { stdin: mail({ subject: "secret word" }) });
  await mailq.ok(["send"]);
  await mailq.enqueue(mail());
  const text = await mailq.ok(["metrics"]);
  assert.doesNotMatch(text, /a\.test|b\.test|sender\.test|secret|127\.0\.0\.1/);
  const found = samplesOf(text);
  const expected: Record<string, number> = {
    'mailq_messages{status="queued"}': 1,
    'mailq_messages{status="deferred"}': 1,
    'mailq_messages{status="sent"}': 1,
    'mailq_recipients_open{status="deferred"}': 1,
    'mailq_messages_enqueued_total{way="enqueue"}': 2,
    'mailq_messages_enqueued_total{way="sendmail"}': 1,
    'mailq_attempts_total{relay="default",result="sent"}': 1,
    'mailq_attempts_total{relay="default",result="partial"}': 1,
    'mailq_recipients_total{relay="default",result="sent",code="2xx"}': 2,
    'mailq_recipients_total{relay="default",result="failed",code="5xx"}': 1,
    'mailq_recipients_total{relay="default",result="deferred",code="4xx"}': 1,
    'mailq_delivery_delay_seconds_count{relay="default"}': 2,
    'mailq_relay_up{relay="default"}': 1,
    'mailq_relay_rate_used_ratio{relay="default"}': 0.02,
    'mailq_relay_connections_limit{relay="default"}': 10,
    mailq_paused: 0,
    mailq_stalled: 0,
    'mailq_hook_events_behind{hook="shut"}': 1,
    'mailq_hook_failures_in_a_row{hook="shut"}': 1,
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(found.get(name), value, name);
  assert.equal(found.get("mailq_queue_file_bytes"), Deno.statSync(mailq.queue).size);
  assert.ok((found.get('mailq_hook_lag_seconds{hook="shut"}') ?? 0) > 0);
  assert.ok(![...found.keys()].some((name) => name.startsWith("mailq_relay_connections{")));
  assert.ok((found.get("mailq_disk_free_bytes") ?? 0) > 0);
});

Deno.test("metrics: counters only grow, over passes, purges and another program", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  let before = await samples(mailq);
  for (let pass = 1; pass <= 4; pass++) {
    await mailq.enqueueMany(20);
    await mailq.ok(["send"]);
    await mailq.ok(["purge", "--all"]);
    const after = await samples(mailq);
    for (const [name, value] of before) {
      if (!/_total|_count|_sum|_bucket/.test(name)) continue;
      assert.ok((after.get(name) ?? -1) >= value, `${name}: ${value}, then ${after.get(name)}`);
    }
    const sent = 'mailq_recipients_total{relay="default",result="sent",code="2xx"}';
    assert.deepEqual([after.get(sent), after.get("mailq_messages_purged_total")], [
      pass * 20,
      pass * 20,
    ]);
    before = after;
  }
});

Deno.test("metrics --output: a whole file that a collector can read, or none", async () => {
  await using mailq = await Mailq.make();
  await mailq.enqueue(mail());
  const file = `${mailq.folder}/mailq.prom`;
  await Deno.writeTextFile(file, "old\n");
  assert.equal(await mailq.ok(["metrics", "--output", file]), "");
  assert.equal(samplesOf(await Deno.readTextFile(file)).get('mailq_messages{status="queued"}'), 1);
  assert.equal((Deno.statSync(file).mode ?? 0) & 0o777, 0o644);
  const { code, stderr } = await mailq.run(["metrics", "--output", `${mailq.folder}/no/such.prom`]);
  assert.equal(code, 73);
  assert.match(stderr, /^mailq: Cannot write .*such\.prom: /);
  const left = [...Deno.readDirSync(mailq.folder)].filter(({ name }) => name.includes(".prom"));
  assert.deepEqual(left.map(({ name }) => name), ["mailq.prom"]);
});

Deno.test("metrics: of a queue that is not there yet", async () => {
  await using mailq = await Mailq.make();
  assert.equal((await samples(mailq)).get('mailq_messages{status="queued"}'), 0);
});
