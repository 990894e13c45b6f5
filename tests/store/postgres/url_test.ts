import assert from "node:assert/strict";
import { readUrl, type UrlTools } from "../../../src/store/postgres/db/url.ts";

const tools = (env: Record<string, string> = {}): UrlTools => ({
  env: (name) => env[name],
  readFile: (path) => `what ${path} holds\n`,
  readPassFile: () => env.PASSFILE ?? null,
  userName: () => "ann",
});

const facts = (url: string, env?: Record<string, string>) => {
  const { host, port, user, database, password, tls, isPooled, name } = readUrl(url, tools(env));
  return { host, port, user, database, password, tls, isPooled, name };
};

const PLAIN = { port: 5432, user: "ann", password: null, tls: null, isPooled: false };

Deno.test("a queue's URL says where the database is, and defaults the rest", () => {
  assert.deepEqual(facts("postgres://localhost/mail"), {
    ...PLAIN,
    host: "localhost",
    database: "mail",
    name: "postgres://localhost/mail",
  });
  assert.deepEqual(facts("postgresql://bo@db.example:6432/mail?pooled=true&sslmode=disable"), {
    ...PLAIN,
    host: "db.example",
    port: 6432,
    user: "bo",
    database: "mail",
    isPooled: true,
    name: "postgres://db.example:6432/mail",
  });
  assert.deepEqual(facts("postgres://bo@/mail?host=/run/pg"), {
    ...PLAIN,
    host: "/run/pg",
    user: "bo",
    database: "mail",
    name: "postgres:///mail",
  });
  assert.equal(facts("postgres:///").host, "/var/run/postgresql");
  assert.equal(facts("postgres:///").database, "ann");
});

Deno.test("TLS is verified unless the database is on this machine or the URL says otherwise", () => {
  assert.deepEqual(facts("postgres://db.example/m").tls, { servername: "db.example" });
  assert.deepEqual(facts("postgres://192.0.2.1/m").tls, {});
  assert.deepEqual(facts("postgres://db.example/m?sslrootcert=/ca.pem").tls, {
    ca: "what /ca.pem holds\n",
    servername: "db.example",
  });
  for (const host of ["localhost", "127.0.0.1", "[::1]"]) {
    assert.equal(facts(`postgres://${host}/m`).tls, null);
  }
  assert.deepEqual(facts("postgres://localhost/m?sslmode=verify-full").tls, {
    servername: "localhost",
  });
});

Deno.test("a password comes from a variable or a file, never from the URL", () => {
  assert.equal(facts("postgres://localhost/m", { MAILQ_QUEUE_PASSWORD: "x" }).password, "x");
  const file = { MAILQ_QUEUE_PASSWORD: "x", MAILQ_QUEUE_PASSWORD_FILE: "/pw" };
  assert.equal(facts("postgres://localhost/m", file).password, "what /pw holds");
  assert.equal(facts("postgres://localhost/m", { PGPASSWORD: "y" }).password, "y");
  assert.throws(() => facts("postgres://ann:secret@localhost/m"), (error) => {
    assert(error instanceof Error);
    assert.match(error.message, /ann:\*\*\*@localhost.*MAILQ_QUEUE_PASSWORD_FILE/);
    return !error.message.includes("secret");
  });
});

Deno.test("a password file's first line that fits has the password", () => {
  const PASSFILE = [
    "# host:port:database:user:password",
    "db.example:5432:mail:bo:bo's",
    "db.example:5433:*:ann:by port",
    "db.example:*:mail:*:pass\\:word\\\\",
    "localhost:*:*:*:socket",
    "broken line",
    "*:*:*:*:any",
  ].join("\n");
  const found = (url: string) => facts(url, { PASSFILE }).password;
  assert.equal(found("postgres://bo@db.example/mail"), "bo's");
  assert.equal(found("postgres://db.example:5433/mail"), "by port");
  assert.equal(found("postgres://db.example/mail"), "pass:word\\");
  assert.equal(found("postgres:///mail"), "socket");
  assert.equal(found("postgres:///mail?host=/run/pg"), "any");
  const ours = { PASSFILE, MAILQ_QUEUE_PASSWORD: "x" };
  assert.equal(facts("postgres://db.example/mail", ours).password, "x");
});

Deno.test("what a URL cannot mean is refused with what can be", () => {
  assert.throws(() => facts("postgres://localhost:x/m"), /expected postgres:\/\/USER@HOST:PORT/);
  assert.throws(() => facts("postgres://localhost/m?sslmode=prefer"), /verify-full or disable/);
  assert.throws(() => facts("postgres://localhost/m?schema=x"), /expected none but host, sslmode/);
});
