// Whether SQLite finds a queue's file whole, by a connection of its own that writes nothing. For
// `mailq doctor`; what is wrong with a queue that cannot even be opened, opening it says.

import { DatabaseSync } from "node:sqlite";
import { errorText } from "../../../queue/errors.ts";
import { CANTOPEN, resultCode } from "../db/errors.ts";

/** What is wrong, a line each; empty if nothing is, null where it cannot be opened. Takes as long as
 *  reading the file. */
export function quickCheck(path: string): string[] | null {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return db.prepare("PRAGMA quick_check(3)").all()
      .map((row) => String(row.quick_check)).filter((line) => line !== "ok");
  } catch (error) {
    return resultCode(error) === CANTOPEN ? null : [errorText(error)];
  } finally {
    db.close();
  }
}
