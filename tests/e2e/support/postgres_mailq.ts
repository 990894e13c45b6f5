import { Mailq } from "../../support/mailq.ts";
import { type PostgresServer, TEST_PASSWORD } from "../../support/postgres_server.ts";
import { putNewQueue } from "../../support/queue_postgres.ts";
import { SqlClient } from "../../support/sql_client.ts";

/** The program, on a queue in a database of its own. */
export interface PostgresMailq extends AsyncDisposable {
  readonly mailq: Mailq;
  readonly sql: SqlClient;
  readonly database: string;
}

export async function postgresMailq(
  server: PostgresServer,
  env: Readonly<Record<string, string>> = {},
): Promise<PostgresMailq> {
  const database = await putNewQueue(server);
  const mailq = await Mailq.make({
    MAILQ_QUEUE: server.url(database),
    MAILQ_QUEUE_PASSWORD: TEST_PASSWORD,
    MAILQ_TRANSPORT: "null:",
    ...env,
  });
  const sql = await SqlClient.connect(server, database);
  return {
    mailq,
    sql,
    database,
    async [Symbol.asyncDispose]() {
      await sql[Symbol.asyncDispose]();
      await mailq[Symbol.asyncDispose]();
    },
  };
}
