// The SQL of the documents, as it stands there.
import assert from "node:assert/strict";
import { collect, feed, startChild } from "../../support/child.ts";
import { postgresServer, TEST_PASSWORD } from "../../support/postgres_server.ts";
import { postgresMailq } from "../support/postgres_mailq.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const server = await postgresServer();

for (const path of ["README.md", "src/cli/manual/pages/mailq.md"]) {
  if (server === null) break;
  Deno.test(`documents: the SQL in ${path} runs by psql, and its mail is taken in`, async () => {
    await using queue = await postgresMailq(server);
    const { mailq, sql, database } = queue;
    await mailq.ok(["migrate"]);
    const text = await Deno.readTextFile(`${ROOT}${path}`);
    const blocks = [...text.matchAll(/^```sql\n([^]*?)^```$/gm)].map(([, code = ""]) => code);
    assert.ok(blocks.length > 0);
    const psql = startChild(
      ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", server.host, "-U", "mailq", database],
      { stdin: "", env: { PGPASSWORD: TEST_PASSWORD } },
    );
    const ended = collect(psql);
    await feed(psql, blocks.join("\n"));
    const { code, stderr } = await ended;
    assert.equal(code, 0, stderr);
    if (text.includes("CREATE TRIGGER")) {
      await sql.all("INSERT INTO invoice VALUES (1, 'ann@example.org'), (2, 'bo@example.org')");
    }
    const waiting = Number(await sql.one("SELECT count(*) FROM mailq.inbox"));
    assert.ok(waiting > 0);
    await mailq.ok(["send"]);
    assert.equal((await mailq.json(["list"])).length, waiting);
    assert.deepEqual(await sql.all("TABLE mailq.refused"), []);
  });
}
