// What becomes of mail and commands while the database is away, hangs, starts anew, or lets nobody in: a
// real server of this test's own.
import assert from "node:assert/strict";
import { runChild } from "../../support/child.ts";
import { mail, Mailq } from "../../support/mailq.ts";
import {
  postgresPrograms,
  type PostgresServer,
  startPostgres,
} from "../../support/postgres_server.ts";
import { putNewQueue, withClient } from "../../support/queue_postgres.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { Running } from "../support/running.ts";

const programs = postgresPrograms();

interface Place extends AsyncDisposable {
  readonly server: PostgresServer;
  readonly name: string;
  readonly mailq: Mailq;
  readonly relay: SmtpServer;
}

async function place(): Promise<Place> {
  Deno.env.set("MAILQ_QUEUE_PASSWORD", "for-tests-alone");
  const server = await startPostgres(programs ?? "");
  const name = await putNewQueue(server);
  const relay = new SmtpServer();
  const mailq = await Mailq.make({
    MAILQ_QUEUE: server.url(name),
    MAILQ_QUEUE_PASSWORD: "for-tests-alone",
    MAILQ_TRANSPORT: relay.url,
    MAILQ_INTERVAL: "1s",
  });
  await mailq.ok(["migrate"]);
  return {
    server,
    name,
    mailq,
    relay,
    async [Symbol.asyncDispose]() {
      await mailq[Symbol.asyncDispose]();
      await relay[Symbol.asyncDispose]();
    },
  };
}

function test(behaviour: string, run: (place: Place) => Promise<void>): void {
  Deno.test(`PostgreSQL: ${behaviour}`, { ignore: programs === null }, async () => {
    await using one = await place();
    await run(one);
  });
}

/** The one line of a command that must end so. */
async function refused(mailq: Mailq, args: readonly string[], code: number): Promise<string> {
  const ended = await mailq.run(args, args[0] === "enqueue" ? { stdin: mail() } : {});
  assert.equal(ended.code, code, `${args}: ${ended.stderr}`);
  assert.match(ended.stderr, /^mailq: [^\n]+\n$/, args.join(" "));
  return ended.stderr;
}

async function subjectsAt(relay: SmtpServer, count: number): Promise<string[]> {
  await relay.received(count);
  return relay.messages.map(({ data }) =>
    /^Subject: (.*)\r$/m.exec(new TextDecoder().decode(data))?.[1] ?? ""
  );
}

async function end(server: PostgresServer, signal: Deno.Signal): Promise<void> {
  server.process?.kill(signal);
  await server.process?.status;
}

/** The server and all that it has started. */
async function signalAll({ process }: PostgresServer, signal: Deno.Signal): Promise<void> {
  const pid = process?.pid ?? 0;
  const { stdout } = await runChild(["pgrep", "-P", String(pid)]);
  for (const one of [pid, ...stdout.trim().split("\n").map(Number)]) Deno.kill(one, signal);
}

test("one that is down is told in a line, and `run` goes on once it is back", async (one) => {
  const { server, mailq, relay } = one;
  await using service = await Running.service(mailq);
  await mailq.enqueue(mail({ subject: "before" }));
  await subjectsAt(relay, 1);
  await end(server, "SIGINT");
  await Promise.all(
    [["enqueue"], ["status"], ["send"], ["list"]].map(async (args) => {
      assert.match(
        await refused(mailq, args, 75),
        /^mailq: Cannot reach the queue postgres:.*; try again$/m,
      );
    }),
  );
  await service.said(/Cannot reach the queue .*; trying again/);
  await server.start();
  await mailq.enqueue(mail({ subject: "after" }));
  assert.deepEqual(await subjectsAt(relay, 2), ["before", "after"]);
  await service.stop();
});

test("one that hangs is given up, and used again once it goes on", async ({ server, mailq, relay }) => {
  await using service = await Running.service(mailq);
  await mailq.enqueue(mail({ subject: "before" }));
  await subjectsAt(relay, 1);
  await signalAll(server, "SIGSTOP");
  try {
    assert.match(await refused(mailq, ["enqueue"], 75), /Cannot reach the queue/);
  } finally {
    await signalAll(server, "SIGCONT");
  }
  await mailq.enqueue(mail({ subject: "after" }));
  assert.deepEqual(await subjectsAt(relay, 2), ["before", "after"]);
  await service.stop();
});

test("three crashes in mid-send lose nothing, and double nothing unmarked", async ({ server, mailq, relay }) => {
  const COUNT = 600;
  await mailq.enqueueMany(COUNT);
  await using service = await Running.service(mailq);
  for (const part of [50, 200, 400]) {
    await service.meanwhile(relay.received(part));

    await end(server, "SIGQUIT");
    await server.start();
  }
  await service.meanwhile(relay.received(COUNT));
  for (;;) {
    const status = await mailq.run(["status", "--json"]);
    if (status.code === 0 && JSON.parse(status.stdout).sent === COUNT) break;
  }
  await service.stop();
  const times = Map.groupBy(relay.messages.flatMap(({ to }) => to), (address) => address);
  assert.equal(times.size, COUNT);
  for (const [address, sent] of times) {
    if (sent.length === 1) continue;
    const [found] = await mailq.json(["list", "--to", address]);
    const [{ attempts }] = await mailq.json(["show", found.id]);
    const results = attempts.map(({ result }: { result: string }) => result);
    assert.equal(
      results.filter((result: string) => result === "uncertain").length,
      sent.length - 1,
      address,
    );
  }
});

test("one that wants another password is told, and `run` goes on once it has the old one", async (one) => {
  const { server, name, mailq, relay } = one;
  await withClient(server, name, async (all) => {
    await all("CREATE ROLE mover LOGIN PASSWORD 'for-tests-alone' IN ROLE mailq SUPERUSER");
  });
  const env = { MAILQ_QUEUE: server.url(name, "mover") };
  Object.assign(mailq.env, env);
  await using service = await Running.service(mailq);
  await mailq.enqueue(mail({ subject: "before" }));
  await subjectsAt(relay, 1);
  await withClient(server, name, async (all) => {
    await all("ALTER ROLE mover PASSWORD 'another'");
    await all("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mover'");
    assert.match(
      await refused(mailq, ["enqueue"], 77),
      /Cannot log in .*password authentication failed/,
    );
    await service.said(/Cannot log in .*; trying again/);
    await all("ALTER ROLE mover PASSWORD 'for-tests-alone'");
  });
  await mailq.enqueue(mail({ subject: "after" }));
  assert.deepEqual(await subjectsAt(relay, 2), ["before", "after"]);
  await service.stop();
});

test("one that has lost its schema is told, and `run` ends with what is to be done", async (one) => {
  const { server, name, mailq } = one;
  const service = await Running.service(mailq);
  await withClient(server, name, async (all) => {
    await all("DROP SCHEMA mailq CASCADE");
  });
  assert.match(
    await refused(mailq, ["status"], 78),
    /there is none yet in this database; `mailq migrate`/,
  );
  const { code } = await service.child.status;
  assert.equal(code, 74);
  await using _ended = service;
  assert.match(service.stderr, /its schema is not mailq's/);
});
