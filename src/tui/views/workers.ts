// Who sends from this queue: services and passes that are at work, and when a round last ended. What each
// of them does stands in the log and among the events.

import { formatAge } from "../../display/ages.ts";
import { plural } from "../../display/plural.ts";
import { rowOf, said, title } from "./rows.ts";
import type { View, ViewRow } from "./view.ts";

/** A service shows every half minute or so that it goes round. */
const LATE_MS = 5 * 60_000;

export const workersView: View<"workers"> = {
  title: "Workers",
  rows(workers, { state: { status, now }, columns }) {
    const lastRoundAt = status?.lastRoundAt ?? null;
    const age = (at: number) => formatAge(Math.min(at, now), now);
    return [
      title(`${workers.length} ${plural(workers.length, "worker")} at work`),
      ...workers.length === 0 ? [said("none: `mailq run` or cron's `mailq send` sends")] : [],
      ...workers.map(({ id, kind, host, pid, startedAt, heartbeatAt }): ViewRow => ({
        key: String(id),
        line: rowOf(columns, [
          [kind, 6, { isBold: true }],
          [`up ${age(startedAt)}`, 8],
          [
            `heartbeat ${age(heartbeatAt)} ago`,
            20,
            now - heartbeatAt > LATE_MS ? { colour: "red", isBold: true } : undefined,
          ],
          [`pid ${pid}`, 11],
          [host, null],
        ]),
      })),
      { line: [] },
      said(
        lastRoundAt === null ? "no round was finished yet" : `last round ${age(lastRoundAt)} ago`,
      ),
      ...status === null
        ? []
        : [said(`${status.sending} ${plural(status.sending, "message")} being sent`)],
    ];
  },
};
