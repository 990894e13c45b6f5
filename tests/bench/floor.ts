// The floor under `enqueue`: an empty script that opens a queue file and inserts one row durably.
import { DatabaseSync } from "node:sqlite";

const db = new DatabaseSync(Deno.args[0] ?? ":memory:");
db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
db.exec("CREATE TABLE IF NOT EXISTS mail (id INTEGER PRIMARY KEY, bytes BLOB)");
db.prepare("INSERT INTO mail (bytes) VALUES (?)").run(new Uint8Array(2048));
db.close();
