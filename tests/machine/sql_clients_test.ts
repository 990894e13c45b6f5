import assert from "node:assert/strict";
import { postgresMailq } from "../e2e/support/postgres_mailq.ts";
import { runChild } from "../support/child.ts";
import { postgresServer, TEST_PASSWORD } from "../support/postgres_server.ts";
import { require } from "./requirements.ts";

const MANUAL = new URL("../../src/cli/manual/pages/mailq.md", import.meta.url);

Deno.test({
  name: "mail from SQL: Django queues as the manual says, by psycopg",
  ignore: Deno.env.get("MAILQ_TEST_SYSTEM") === undefined,
  async fn() {
    const packages = "/usr/lib/python3/dist-packages";
    require(`${packages}/django`, `${packages}/psycopg2`, "/usr/lib/postgresql");
    const server = await postgresServer();
    assert(server !== null);
    await using queue = await postgresMailq(server);
    const { mailq, database } = queue;
    await mailq.ok(["migrate"]);
    const text = await Deno.readTextFile(MANUAL);
    const [, code = ""] = /^```python\n([^]*?)^```$/m.exec(text) ?? [];
    const settings = `from django.conf import settings
settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.postgresql",
    "NAME": "${database}", "USER": "mailq", "PASSWORD": "${TEST_PASSWORD}", "HOST": "${server.host}"}})
`;
    const undone = `
try:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT mailq.enqueue('bo@example.org')")
        raise ValueError
except ValueError:
    pass
`;
    const { stdout, stderr, code: status } = await runChild([
      "/usr/bin/python3",
      "-c",
      settings + code + undone,
    ]);
    assert.equal(status, 0, stderr);
    await mailq.ok(["send"]);
    const listed = await mailq.json(["list"]);
    assert.deepEqual(listed.map(({ id, subject }) => [id, subject]), [
      [stdout.trim(), "Invoice 4712"],
    ]);
  },
});
