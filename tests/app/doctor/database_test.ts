// What the doctor says of a queue's database: of facts that no test machine has, and of a real server.
import assert from "node:assert/strict";
import { check } from "../../../src/app/doctor/queue/database.ts";
import { Mailq } from "../../support/mailq.ts";
import { postgresServer, TEST_PASSWORD } from "../../support/postgres_server.ts";
import { putNewQueue, withClient } from "../../support/queue_postgres.ts";

const WELL = {
  name: "postgres://db.example/mail",
  role: "mailq",
  version: "15.6",
  versionNumber: 150_006,
  tls: "TLSv1.3",
  isLocal: false,
  isPooled: false,
  isHeard: true,
  schema: { version: 4, known: 4 },
  rights: { read: true, write: true },
  skewMs: 1_500,
  isStandby: false,
  unsafeSettings: [],
  isVacuumed: true,
  oldestSeconds: 60,
};

type Look = Extract<Parameters<typeof check.judge>[0], { look: unknown }>["look"];

const told = (look: Partial<Look>) =>
  check.judge({ look: { ...WELL, ...look } })
    .map(({ level, name, text, mend }) => `${level} ${name ?? "database"}: ${text} → ${mend}`);

Deno.test("doctor: a database that is as it should be is told in five lines", () => {
  assert.deepEqual(told({}), [
    "ok database: PostgreSQL 15.6, as mailq → null",
    "ok TLS: TLSv1.3, verified → null",
    "ok schema: up to date (4) → null",
    "ok rights: mailq may send and act → null",
    "ok vacuum: autovacuum is on → null",
  ]);
});

Deno.test("doctor: what is wrong with a database is told, with what mends it", () => {
  const cases: [Partial<Look>, RegExp][] = [
    [
      { versionNumber: 130_011, version: "13.11" },
      /^error database: .*13\.11 → move it to PostgreSQL 14/,
    ],
    [{ isStandby: true }, /^error database: .*standby.* → name its primary/],
    [{ unsafeSettings: ["fsync = off"] }, /^error database: .*may lose mail.*fsync = off/],
    [{ tls: null }, /^warning TLS: .*in clear → take sslmode=disable/],
    [{ isPooled: true, isHeard: false }, /^warning pooler: .*once a second → add listen=HOST:PORT/],
    [{ isPooled: true }, /^ok pooler/],
    [
      { schema: { version: 3, known: 4 } },
      /^error schema: it lacks 1 of its steps → mailq migrate/,
    ],
    [{ schema: { version: 0, known: 4 } }, /^error schema: there is no queue yet → mailq migrate/],
    [
      { rights: { read: true, write: false } },
      /^warning rights: mailq may only look → mailq grant operate mailq/,
    ],
    [{ rights: { read: false, write: false } }, /^warning rights: mailq may neither look nor send/],
    [{ skewMs: -4_200 }, /^warning its clock: it is behind this machine by 4s/],
    [{ isVacuumed: false }, /^error vacuum: autovacuum is off/],
    [{ oldestSeconds: 7_200 }, /^warning vacuum: a transaction is open for 2h/],
  ];
  for (const [look, expected] of cases) {
    assert.ok(
      told(look).some((line) => expected.test(line)),
      `${expected}\n${told(look).join("\n")}`,
    );
  }
});

const server = await postgresServer();

Deno.test("doctor: a real database, with its owner and with a role that may only look", {
  ignore: server === null,
}, async () => {
  if (server === null) return;
  const name = await putNewQueue(server);
  const url = (role: string) => `postgres://${role}@/${name}?host=${server.host}`;
  await using mailq = await Mailq.make({
    MAILQ_QUEUE_PASSWORD: TEST_PASSWORD,
    MAILQ_TRANSPORT: "null:",
  });
  const findings = async (role: string) => {
    const { stdout, stderr } = await mailq.run(["--queue", url(role), "doctor", "--offline"]);
    assert.equal(stderr, "");
    return stdout;
  };
  assert.match(await findings("mailq"), /there is no queue yet/);
  await mailq.ok(["--queue", url("mailq"), "migrate"]);
  const owners = await findings("mailq");
  // The tests' server is fast, and may lose what it has acknowledged.
  assert.match(owners, /✗ database.*fsync = off/);
  assert.match(owners, /✓ rights.*mailq may send and act/);
  assert.match(owners, /✓ schema.*up to date/);
  const role = `looks_${crypto.randomUUID().slice(0, 8)}`;
  await withClient(server, name, async (all) => {
    await all(`CREATE ROLE ${role} LOGIN PASSWORD '${TEST_PASSWORD}'`);
  });
  await mailq.ok(["--queue", url("mailq"), "grant", "read", role]);
  assert.match(await findings(role), new RegExp(`! rights.*${role} may only look`));
});
