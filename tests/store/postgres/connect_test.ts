// How a queue's database is come by: TLS, passwords, a pooler in between. Real servers, each with its own
// rules of who may come in.
import assert from "node:assert/strict";
import { MailqError } from "../../../src/queue/errors.ts";
import { enqueued } from "../../support/queue_messages.ts";
import { hasPgbouncer, startPgbouncer } from "../../support/pgbouncer.ts";
import { postgresPrograms, postgresServer, startPostgres } from "../../support/postgres_server.ts";
import { openPostgres, putNewQueue } from "../../support/queue_postgres.ts";
import { CA_PATH, SELF_SIGNED, SERVER, WRONG_NAME } from "../../support/tls_certificates.ts";
import { Mailq } from "../../support/mailq.ts";

const programs = postgresPrograms();
const server = await postgresServer();
const password = Deno.env.get("MAILQ_QUEUE_PASSWORD") ?? "";

/** A server that takes connections by TLS alone, but for those of its socket. */
async function startSecured() {
  const port = freePort();
  const started = await startPostgres(programs ?? "", [
    `port=${port}`,
    "listen_addresses=localhost",
  ], {
    hba: "local all all scram-sha-256\nhostssl all all all scram-sha-256\n",
    certificate: SERVER,
  });
  return { ...started, port };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function refusal(url: string): Promise<MailqError> {
  const error = await openPostgres(url).then(
    async (store) => {
      await store.close();
      return null;
    },
    (error) => error,
  );
  assert(error instanceof MailqError, String(error));
  return error;
}

Deno.test("PostgreSQL: TLS is verified, and never left out where it was asked for", {
  ignore: programs === null,
}, async () => {
  const secured = await startSecured();
  const url = (query: string, host = "localhost") =>
    `postgres://mailq@${host}:${secured.port}/postgres?${query}`;
  const ca = `sslrootcert=${CA_PATH}`;
  for (const query of [ca, `sslmode=verify-full&${ca}`]) {
    const store = await openPostgres(url(query));
    await enqueued(store);
    const [{ ssl } = {}] = await store.db.all(
      "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    );
    assert.equal(ssl, true);
    await store.close();
  }
  // An authority that nobody knows, a certificate of another, a name that is not its own.
  const strange = await refusal(url("sslmode=verify-full"));
  assert.deepEqual([strange.code, strange.exit], ["config_invalid", 78]);
  assert.match(strange.message, /its TLS was refused .*sslrootcert=FILE/);
  const plain = await refusal(url("sslmode=disable"));
  assert.equal(plain.code, "permission");
  assert.match(plain.message, /^Cannot log in to the queue .*no encryption/);
  for (const shown of [WRONG_NAME, SELF_SIGNED]) {
    await secured.show(shown);
    const error = await refusal(url(ca));
    assert.equal(error.code, "config_invalid", error.message);
    assert.match(error.message, /its TLS was refused/);
  }
});

Deno.test("PostgreSQL: where TLS is asked for, a server that has none is refused", {
  ignore: programs === null,
}, async () => {
  const port = freePort();
  const settings = [`port=${port}`, "listen_addresses=localhost"];
  await startPostgres(programs ?? "", settings, { hba: "host all all all trust\n" });
  const error = await refusal(
    `postgres://mailq@localhost:${port}/postgres?sslmode=verify-full&sslrootcert=${CA_PATH}`,
  );
  assert.equal(error.code, "config_invalid");
  assert.match(error.message, /does not support SSL/);
  const plain = await openPostgres(`postgres://mailq@localhost:${port}/postgres`);
  await plain.close();
});

Deno.test("PostgreSQL: passwords come from variables and files, and are shown nowhere", {
  ignore: server === null,
}, async () => {
  if (server === null) return;
  const url = `postgres://mailq@/${await putNewQueue(server)}?host=${server.host}`;
  await using mailq = await Mailq.make({ MAILQ_QUEUE: url });
  const file = (name: string, text: string, mode = 0o600) => {
    Deno.writeTextFileSync(`${mailq.folder}/${name}`, text, { mode });
    return `${mailq.folder}/${name}`;
  };
  const line = `*:*:*:mailq:${password}\n`;
  const ways: Record<string, string>[] = [
    { MAILQ_QUEUE_PASSWORD: password },
    { MAILQ_QUEUE_PASSWORD_FILE: file("password", `${password}\n`) },
    { PGPASSWORD: password },
    { PGPASSFILE: file("passwords", line) },
  ];
  await mailq.ok(["migrate"], { env: ways[0] });
  for (const env of ways) {
    const { code, stderr } = await mailq.run(["status"], { env });
    assert.deepEqual([code, stderr], [0, ""], Object.keys(env).join());
  }
  const none = await mailq.run(["status"]);
  assert.equal(none.code, 78);
  assert.match(
    none.stderr,
    /^mailq: Cannot log in .*it wants a password; set MAILQ_QUEUE_PASSWORD_FILE/,
  );
  const open = await mailq.run(["status"], { env: { PGPASSFILE: file("open", line, 0o644) } });
  assert.equal(open.code, 78);
  assert.match(open.stderr, /others may read it; chmod 600/);
  const wrong = await mailq.run(["status"], { env: { MAILQ_QUEUE_PASSWORD: "not-this-one" } });
  assert.equal(wrong.code, 77);
  assert.match(wrong.stderr, /^mailq: Cannot log in .*password authentication failed/);
  for (const { stderr } of [none, open, wrong]) {
    assert.doesNotMatch(stderr, /not-this-one|for-tests/);
  }
  file(".pgpass", line);
  assert.equal((await mailq.run(["status"])).code, 0);
});

Deno.test("PostgreSQL: a pooler is found out, and what needs a session is left out", {
  ignore: server === null || !hasPgbouncer(),
}, async () => {
  if (server === null) return;
  const name = await putNewQueue(server);
  const pooler = await startPgbouncer({ server: server.host, owner: "mailq", password });
  const store = await openPostgres(`postgres://mailq@/${name}?host=${pooler.folder}`);
  const direct = await openPostgres(`postgres://mailq@/${name}?host=${server.host}`);
  try {
    assert.deepEqual([store.db.isPooled, direct.db.isPooled], [true, false]);
    // Each of many statements may run in another session.
    await Promise.all(Array.from({ length: 40 }, () => enqueued(store)));
    assert.equal((await store.status()).queued, 40);
    const stop = new AbortController();
    const changed = store.changed(stop.signal);
    await enqueued(direct);
    await changed;
    assert.equal((await store.status()).queued, 41);
  } finally {
    await store.close();
    await direct.close();
  }
});
