// Statements of `mailq copy` as steps: the same code runs them on either database, at once on the one and
// by waiting on the other. The stores' copy.ts do that; what differs in the SQL is their `CopyDialect`.

import type { Row, Value } from "../row.ts";

interface Step {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** Statements one after another, each of which is answered with its rows; in the end a result. */
export type Steps<T> = Generator<Step, T, Row[]>;

/** What databases write differently. */
export interface CopyDialect {
  /** The rows of a JSON list as rows of a table, its one placeholder filled with the list. */
  rowsOf(table: string, columns: readonly string[]): string;
  /** Begins an INSERT into `message`. */
  readonly insertMessage: string;
  /** The parts of bodies of messages from a seq to another, as `seq` and `bytes`, in their order. */
  readonly parts: string;
  /** Puts a part in: its message's seq, its place and its bytes. */
  readonly insertPart: string;
  /** A condition that a column's text is in a JSON list. */
  isIn(column: string): string;
  /** Behind a SELECT whose rows may not change before the commit; empty where nobody else writes. */
  readonly locks: string;
  /** Waits until nobody is putting messages in; null where nobody can. */
  readonly lockMessages: string | null;
  /** Keeps others from giving events their numbers; null where nobody can. */
  readonly lockEvents: string | null;
  /** Adds to a count: its name, its labels, by how much. */
  readonly addCount: string;
  /** The number of the newest event, as `last`. */
  readonly newestEvent: string;
}

/** The rows of one statement. */
export function* rows(sql: string, ...values: Value[]): Steps<Row[]> {
  return yield { sql, values };
}

/** The first row of one statement. */
export function* row(sql: string, ...values: Value[]): Steps<Row | undefined> {
  return (yield { sql, values })[0];
}
