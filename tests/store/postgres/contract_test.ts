import { storeContract } from "../../contract/store_contract.ts";
import { postgresServer } from "../../support/postgres_server.ts";
import { PostgresFixture } from "../../support/queue_postgres.ts";

const server = await postgresServer();
if (server !== null) storeContract("PostgreSQL store", () => PostgresFixture.open(server));
