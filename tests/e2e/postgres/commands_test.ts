// Every command on a queue in PostgreSQL.
import assert from "node:assert/strict";
import { COMMAND_NAMES } from "../../../src/cli/frame/command_table.ts";
import { mail } from "../../support/mailq.ts";
import { postgresServer } from "../../support/postgres_server.ts";
import { postgresMailq } from "../support/postgres_mailq.ts";

const server = await postgresServer();

interface Step {
  /** `ID` is that of the first message. */
  readonly args: string;
  readonly stdin?: string;
  /** 0 if left out. */
  readonly code?: number;
  /** What it prints, on stdout or, where it fails, on stderr. */
  readonly says?: RegExp;
}

/** In this order, on one queue. */
const STEPS: readonly Step[] = [
  { args: "migrate", says: /^Did \d+ steps of the schema of postgres:/ },
  { args: "migrate --check", says: /is up to date/ },
  {
    args: "enqueue",
    stdin: mail({ subject: "One", to: "ann@example.org" }),
    says: /^[0-9a-z]{12}$/,
  },
  { args: "compose -s Two --from a@b.test -- bob@receiver.test", stdin: "Hi", says: /^\w{12}$/ },
  { args: "sendmail bob@receiver.test", stdin: mail({ subject: "Three" }) },
  { args: "tx -- true" },
  { args: "list", says: /One[^]*Two|Two[^]*One/ },
  { args: "list --search ann@example.org", says: /ann@example\.org/ },
  { args: "show ID", says: /One/ },
  { args: "show ID --raw", says: /^Subject: One\r?$/m },
  { args: "status", says: /^queued +3$/m },
  { args: "status --nagios", code: 1, says: /^MAILQ WARNING/ },
  { args: "hold ID", says: /Held 1 message/ },
  { args: "release ID", says: /Released 1 message/ },
  { args: "cancel ID", says: /Cancelled 1 message/ },
  { args: "resend ID", says: /Queued again 1 message/ },
  { args: "pause", says: /^Paused/ },
  { args: "resume", says: /^Resumed/ },
  { args: "explain ann@example.org", says: /default null:/ },
  { args: "suppress add no@example.org", says: /Added 1 address/ },
  { args: "send --dry-run", says: /waits for the next pass/ },
  { args: "send --verbose", says: /^Sent 3 messages$/m },
  { args: "wait ID", says: /sent/ },
  { args: "test ann@example.org", says: /^sent ann@example\.org/m },
  { args: "bounced", stdin: mail() },
  { args: "run --once" },
  { args: "retry" },
  { args: "problems" },
  { args: "hooks" },
  { args: "metrics", says: /^mailq_messages\{status="sent"\} 4$/m },
  { args: "events", says: /"type":"message.enqueued"[^]*"type":"recipient.sent"/ },
  { args: "export --mbox - --all", says: /^Subject: One\r?$/m },
  { args: "purge --status sent --dry-run", says: /Would purge 4 messages/ },
  { args: "purge --status sent" },
  { args: "doctor --offline", code: 2 },
  { args: "grant read mailq", code: 64, says: /it owns the queue/ },
  { args: "config", says: /^queue +postgres:/m },
  { args: "init cron", says: /mailq send --queue "postgres:/ },
  { args: "init systemd", says: /^ReadWritePaths=\/run\/lock$[^]*MAILQ_QUEUE_PASSWORD_FILE=/m },
  { args: "completions bash", says: /mailq/ },
  { args: "man mailq", says: /MAILQ/ },
  { args: "login default", code: 64, says: /default/ },
  { args: "tui", code: 64, says: /without a terminal/ },
  // What cannot be there says what to do instead, in a line.
  { args: "backup x.db", code: 64, says: /^mailq: Cannot back up .*\(pg_dump --schema=mailq\)$/ },
  { args: "restore x.db", code: 64, says: /^mailq: Cannot restore .*\(pg_restore\)$/ },
  { args: "init system", code: 64, says: /^mailq: Cannot set up .*`mailq migrate` makes it$/ },
];
/** Have tests of their own on PostgreSQL. */
const ELSEWHERE = ["copy"];

if (server !== null) {
  Deno.test("on PostgreSQL every command works, or says what to do instead", async () => {
    await using queue = await postgresMailq(server);
    const { mailq } = queue;
    let id = "";
    const wrong: string[] = [];
    for (const { args, stdin, code = 0, says = /^/ } of STEPS) {
      const words = args.split(" ").map((word) => word === "ID" ? id : word);
      const ended = await mailq.run(words, stdin === undefined ? {} : { stdin });
      const text = (ended.code <= 2 ? ended.stdout : ended.stderr).trim();
      if (args === "enqueue") id = text;
      if (ended.code === code && says.test(text)) continue;
      wrong.push(`mailq ${args} ended with ${ended.code}:\n${ended.stdout}${ended.stderr}`);
    }
    assert.deepEqual(wrong, []);
    const tried = new Set([...ELSEWHERE, ...STEPS.map(({ args }) => args.split(" ")[0])]);
    assert.deepEqual(COMMAND_NAMES.filter((name) => !tried.has(name)), []);
  });
}
