import { storeContract } from "../contract/store_contract.ts";
import { SqliteFixture } from "../support/queue_sqlite.ts";

storeContract("SQLite store with a thread", () => SqliteFixture.openWithThread());
