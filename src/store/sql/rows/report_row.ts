// A row of the table `report` with its message's id and sender. The stores' reports/ read it, for the
// port `Reports`.

import { type DueReport, REPORT_KINDS } from "../../../queue/ports/reports.ts";
import { int } from "../columns.ts";
import { oneOf } from "../damage.ts";
import type { Row } from "../row.ts";

/** Throws `queue_corrupt`. */
export function toDueReport(row: Row): DueReport {
  return {
    seq: int(row.seq),
    kind: oneOf(REPORT_KINDS, row.kind, { whose: `the report of ${row.id}`, what: "kind" }),
    id: String(row.id),
    sender: String(row.sender),
    since: int(row.since),
  };
}
