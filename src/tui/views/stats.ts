// Counts, throughput and what fails where: the queue as a whole. Enter on a domain lists
// what fails there.

import { formatDue } from "../../display/ages.ts";
import { STATE_LOOKS } from "../../display/colour.ts";
import { MESSAGE_STATUSES } from "../../queue/state.ts";
import type { QueueStats } from "../../queue/stats.ts";
import type { QueueStatus } from "../../queue/status.ts";
import { openFilter, quoted } from "../model/list/window.ts";
import { cell, type Line, padded } from "../screens/line.ts";
import { chartRows, SCALE } from "./chart.ts";
import { said, title } from "./rows.ts";
import type { View, ViewRow } from "./view.ts";

export const statsView: View<"stats"> = {
  title: "Statistics",
  rows(stats, { state: { status, now }, columns }) {
    const due = stats.oldestDueAt === null ? "none" : formatDue(stats.oldestDueAt, now);
    const sent = ` sent in the last minute ${stats.sentLastMinute}, hour ${stats.sentLastHour}, ` +
      `day ${stats.sentLastDay}; oldest due: ${due}`;
    return [
      title("Messages"),
      ...status === null ? [] : countRows(status, columns),
      { line: [] },
      title("Throughput"),
      { line: [cell(sent, columns)] },
      ...overTime(stats, columns),
      { line: [] },
      title(`Top failing domains (of the newest ${stats.sampled}; Enter lists them)`),
      ...stats.failingDomains.length === 0 ? [said("none")] : [],
      ...stats.failingDomains.map(({ text, count }): ViewRow => ({
        key: text,
        line: [
          { text: "  " },
          padded(String(count), 7, undefined, "right"),
          { text: "  " },
          cell(`@${text}`, columns - 12),
        ],
      })),
    ];
  },
  open: (state, _, key) =>
    openFilter(state, `status:failed,partial,deferred to:${quoted(`@${key}`)}`),
};

/** What went out and what failed, hour by hour. */
function overTime({ sentByHour, failedByHour }: QueueStats, columns: number): ViewRow[] {
  const hours = sentByHour.length;
  const width = Math.max(1, Math.min(4, Math.floor((columns - SCALE - 2) / hours)));
  const axis = `${" ".repeat(SCALE + 1)}${`${hours}h ago`.padEnd(width * hours - 3)}now`;
  return [
    ...chartRows({
      name: "sent",
      counts: sentByHour,
      width,
      height: 3,
      style: { colour: "green" },
    }),
    ...chartRows({
      name: "failed",
      counts: failedByHour,
      width,
      height: 1,
      style: { colour: "red" },
    }),
    { line: [cell(axis, columns, { colour: "dim" })] },
  ];
}

function countRows(status: QueueStatus, columns: number): ViewRow[] {
  const perLine = Math.max(1, Math.floor((columns - 2) / 22));
  const counts = [
    ...MESSAGE_STATUSES.map((name) => ({ name, count: status[name], look: STATE_LOOKS[name] })),
    { name: "scheduled", count: status.scheduled, look: STATE_LOOKS.queued },
  ];
  const rows: ViewRow[] = [];
  for (let i = 0; i < counts.length; i += perLine) {
    const line: Line = counts.slice(i, i + perLine).flatMap(({ name, count, look }) => [
      { text: ` ${look.glyph} ${name.padEnd(10)}`, style: { colour: look.colour } },
      { text: `${String(count).padStart(8)} ` },
    ]);
    rows.push({ line });
  }
  return rows;
}
