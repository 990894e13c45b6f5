// Draws the statistics: counts, throughput, failing domains and replies, workers. Called by
// frame.ts. What can be chosen there is in model/stats.ts.

import { formatAge, formatDue } from "../../display/ages.ts";
import { STATE_LOOKS } from "../../display/colour.ts";
import { MESSAGE_STATUSES } from "../../queue/state.ts";
import { layoutOf } from "../model/layout.ts";
import { choicesOf, type StatsChoice } from "../model/stats.ts";
import type { State } from "../model/state.ts";
import { cell, type Line, padded } from "./line.ts";

/** The statistics, scrolled so that the cursor is seen. */
export function statsLines(state: State): Line[] {
  const { lines, cursorLine } = allLines(state);
  const { bodyRows } = layoutOf(state);
  const from = Math.max(0, Math.min(cursorLine - bodyRows + 2, lines.length - bodyRows));
  return lines.slice(from, from + bodyRows);
}

function allLines(state: State): { readonly lines: Line[]; readonly cursorLine: number } {
  const { status, stats, now, size: { columns }, statsCursor } = state;
  if (status === null || stats === null) {
    return { lines: [[{ text: " Reading …", style: { colour: "dim" } }]], cursorLine: 0 };
  }
  const lines: Line[] = [title("Messages")];
  const perLine = Math.max(1, Math.floor((columns - 2) / 22));
  const counts = [
    ...MESSAGE_STATUSES.map((name) => ({ name, count: status[name], look: STATE_LOOKS[name] })),
    { name: "scheduled", count: status.scheduled, look: STATE_LOOKS.queued },
  ];
  for (let i = 0; i < counts.length; i += perLine) {
    lines.push(
      counts.slice(i, i + perLine).flatMap(({ name, count, look }) => [
        { text: ` ${look.glyph} ${name.padEnd(10)}`, style: { colour: look.colour } },
        { text: `${String(count).padStart(8)} ` },
      ]),
    );
  }
  const due = stats.oldestDueAt === null ? "none" : formatDue(stats.oldestDueAt, now);
  lines.push(
    [],
    title("Throughput"),
    [{
      text: ` sent in the last minute ${stats.sentLastMinute}, hour ${stats.sentLastHour}, ` +
        `day ${stats.sentLastDay}`,
    }],
    [{ text: ` oldest due: ${due}` }],
    [],
  );
  const { domains, replies } = choicesOf(state);
  let cursorLine = 0;
  const list = (name: string, choices: readonly StatsChoice[], first: number) => {
    lines.push(title(`${name} (of the newest ${stats.sampled}; Enter lists them)`));
    if (choices.length === 0) lines.push([{ text: "   none", style: { colour: "dim" } }]);
    for (const [i, { text, count }] of choices.entries()) {
      const isCursor = first + i === statsCursor;
      if (isCursor) cursorLine = lines.length;
      const style = isCursor ? { isInverse: true } : undefined;
      lines.push([
        { text: isCursor ? "▸ " : "  ", style },
        padded(String(count), 7, style, "right"),
        { text: "  ", style },
        cell(text, columns - 12, style),
      ]);
    }
    lines.push([]);
  };
  list("Top failing domains", domains, 0);
  list("Top replies", replies, domains.length);
  lines.push(title("Live workers"));
  if (status.workers.length === 0) {
    lines.push([{
      text: "   none: `mailq run` or cron's `mailq send` sends",
      style: { colour: "dim" },
    }]);
  }
  for (const worker of status.workers) {
    const beat = formatAge(Math.min(worker.heartbeatAt, now), now);
    lines.push([
      cell(
        `   ${worker.kind} ${worker.host} pid ${worker.pid}, up ` +
          `${formatAge(Math.min(worker.startedAt, now), now)}, heartbeat ${beat} ago`,
        columns,
      ),
    ]);
  }
  for (const { name, failures, lastError } of status.relays) {
    if (failures === 0) continue;
    lines.push([
      cell(`   relay ${name}: ${failures} faults in a row: ${lastError ?? ""}`, columns, {
        colour: "red",
      }),
    ]);
  }
  return { lines, cursorLine };
}

function title(text: string): Line {
  return [{ text: ` ${text}`, style: { isBold: true } }];
}
