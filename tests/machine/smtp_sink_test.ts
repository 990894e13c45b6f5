import assert from "node:assert/strict";
import { mail, Mailq } from "../support/mailq.ts";
import { SmtpSink } from "./smtp_sink.ts";

/** Queues `count` small messages in one call. */
async function fill(mailq: Mailq, count: number): Promise<void> {
  const folder = `${mailq.folder}/outbox`;
  await Deno.mkdir(folder);
  for (let n = 0; n < count; n++) {
    await Deno.writeTextFile(`${folder}/${n}.eml`, mail({ subject: `Mail ${n}` }));
  }
  await mailq.ok(["enqueue", folder]);
}

Deno.test("smtp-sink: takes a thousand messages from one pass", async () => {
  await using sink = await SmtpSink.start();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: sink.url });
  await fill(mailq, 1_000);
  const [result] = await mailq.json(["send"]);
  assert.deepEqual(result, {
    sent: 1_000,
    deferred: 0,
    failed: 0,
    uncertain: 0,
    remaining: 0,
    stopped_by: null,
  });
  assert.equal(await sink.stop(), 1_000);
});

interface Case {
  readonly flags: readonly string[];
  /** Statuses of three messages after a pass. */
  readonly want: string;
  readonly stoppedBy?: "relay";
  readonly code?: number | null;
  readonly result?: string;
}

const ALL_SENT = "sent sent sent";
const ALL_DEFERRED = "deferred deferred deferred";
/** The relay's fault: one message tells, the others wait untried. */
const RELAY_DOWN = { want: "deferred queued queued", stoppedBy: "relay" } as const;

const CASES: readonly Case[] = [
  // Servers that know less.
  { flags: ["-e"], want: ALL_SENT },
  { flags: ["-p"], want: ALL_SENT },
  { flags: ["-8"], want: ALL_SENT },
  { flags: ["-E"], want: ALL_SENT },
  { flags: ["-P"], want: ALL_SENT },
  { flags: ["-f", "EHLO"], want: ALL_SENT },
  { flags: ["-r", "RSET"], want: ALL_SENT },
  { flags: ["-q", "QUIT"], want: ALL_SENT },
  // Temporary refusals.
  { flags: ["-r", "MAIL"], want: ALL_DEFERRED, code: 450, result: "deferred" },
  { flags: ["-r", "RCPT"], want: ALL_DEFERRED, code: 450, result: "deferred" },
  { flags: ["-r", "DATA"], want: ALL_DEFERRED, code: 450, result: "deferred" },
  { flags: ["-r", "."], want: ALL_DEFERRED, code: 450, result: "deferred" },
  // Refusals that nobody knows: until the relay takes other mail they may be about us.
  { flags: ["-f", "MAIL"], want: ALL_DEFERRED, code: 500, result: "deferred" },
  { flags: ["-f", "RCPT"], want: ALL_DEFERRED, code: 500, result: "deferred" },
  { flags: ["-f", "DATA"], want: ALL_DEFERRED, code: 500, result: "deferred" },
  { flags: ["-f", "."], want: ALL_DEFERRED, code: 500, result: "deferred" },
  // Aborts after DATA, without reading the message.
  { flags: ["-A", "0"], want: ALL_DEFERRED, code: 550, result: "deferred" },
  // Goodbyes.
  { flags: ["-Q", "MAIL"], want: ALL_DEFERRED, code: 421, result: "deferred" },
  { flags: ["-Q", "RCPT"], want: ALL_DEFERRED, code: 421, result: "deferred" },
  { flags: ["-Q", "DATA"], want: ALL_DEFERRED, code: 421, result: "deferred" },
  { flags: ["-Q", "."], want: ALL_DEFERRED, code: 421, result: "deferred" },
  // Connections that end without a word.
  { flags: ["-q", "MAIL"], want: ALL_DEFERRED, code: null, result: "deferred" },
  { flags: ["-q", "RCPT"], want: ALL_DEFERRED, code: null, result: "deferred" },
  { flags: ["-q", "DATA"], want: ALL_DEFERRED, code: null, result: "deferred" },
  { flags: ["-q", "."], want: ALL_DEFERRED, code: null, result: "uncertain" },
  // The relay itself is at fault.
  { flags: ["-r", "CONNECT"], ...RELAY_DOWN, code: 450 },
  { flags: ["-f", "CONNECT"], ...RELAY_DOWN, code: 500 },
  { flags: ["-Q", "CONNECT"], ...RELAY_DOWN, code: 421 },
  { flags: ["-q", "CONNECT"], ...RELAY_DOWN, code: null },
  { flags: ["-r", "EHLO"], ...RELAY_DOWN, code: 450 },
  { flags: ["-f", "EHLO,HELO"], ...RELAY_DOWN, code: 500 },
  { flags: ["-q", "EHLO"], ...RELAY_DOWN, code: null },
  {
    flags: ["-f", "MAIL", "-B", "530 5.7.0 Authentication required"],
    ...RELAY_DOWN,
    code: 530,
  },
];

for (const { flags, want, stoppedBy, code, result } of CASES) {
  Deno.test(`smtp-sink ${flags.join(" ")}: ${want.split(" ").join(", ")}`, async () => {
    await using sink = await SmtpSink.start(...flags);
    // Without retries: a fault of the relay must fail nothing all the same.
    const retries = want.includes("deferred") && stoppedBy !== "relay" ? "5" : "0";
    await using mailq = await Mailq.make({
      MAILQ_TRANSPORT: sink.url,
      MAILQ_RETRY_MAX: retries,
    });
    await fill(mailq, 3);
    const [pass] = await mailq.json(["send"]);
    const messages = await mailq.json(["list", "--sort", "oldest"]);
    assert.equal(messages.map((message) => message.status).join(" "), want);
    assert.equal(pass.stopped_by, stoppedBy ?? null);
    if (code === undefined) return;
    const [shown] = await mailq.json(["show", messages[0].id]);
    assert.equal(shown.attempts.length, 1);
    assert.equal(shown.attempts[0].code, code);
    assert.equal(shown.attempts[0].result, result ?? "deferred");
    assert.ok(shown.attempts[0].transcript !== null);
  });
}
