// What is paused: the queue, or parts of its mail, with what waits for it. Enter lists the messages of a
// part; a pause is ended here, and a new one begun.

import { describePart } from "../../app/pause/part.ts";
import { pauseHint } from "../../app/pause/hints.ts";
import { formatAge } from "../../display/ages.ts";
import { formatMoment } from "../../display/timestamps.ts";
import type { Pause, PausedPart } from "../../queue/policy/pause.ts";
import { askResume } from "../model/acting/changes.ts";
import { openPrompt } from "../model/dialogs/open_prompt.ts";
import { step } from "../model/events.ts";
import { openFilter, quoted } from "../model/list/window.ts";
import type { State } from "../model/state.ts";
import { rowOf, said, title, under } from "./rows.ts";
import type { View, ViewRow } from "./view.ts";

/** The key of the pause of all. */
const QUEUE = "queue";

export const pausesView: View<"pauses"> = {
  title: "Pauses",
  rows(data, { state, columns }) {
    const { status, now } = state;
    const pauses = status?.pauses ?? [];
    const paused = status?.paused ?? null;
    const count = pauses.length + (paused === null ? 0 : 1);
    return [
      title(count === 0 ? "Nothing is paused" : `${count} paused`),
      ...count === 0 ? [said("p pauses the mail of a relay, sender, domain or tag")] : [],
      ...paused === null ? [] : [
        {
          key: QUEUE,
          line: rowOf(columns, [["the whole queue", 30, { isBold: true }], [
            timesText(paused, now),
            null,
          ]]),
        },
        ...paused.reason === null ? [] : [under(paused.reason, columns)],
      ],
      ...pauses.flatMap((pause) => pauseRows(pause, waitingOf(pause, data), now, columns)),
    ];
  },
  open(state, _, key) {
    const pause = pauseOf(state, key);
    return pause === null ? step(state) : openFilter(state, filterText(pause));
  },
  commands: {
    pause_part: (state) => step(openPrompt(state, "pause")),
    resume_part: (state, key) => {
      const pause = key === null ? null : pauseOf(state, key);
      if (pause !== null) return askResume(state, pause);
      return key === QUEUE ? askResume(state, null) : step(state);
    },
  },
};

function keyOf({ scope, value }: PausedPart): string {
  return `${scope} ${value}`;
}

function pauseOf({ status }: State, key: string): Pause | null {
  return status?.pauses.find((pause) => keyOf(pause) === key) ?? null;
}

function waitingOf(
  pause: Pause,
  data: readonly (PausedPart & { readonly waiting: number })[],
): number {
  return data.find((part) => keyOf(part) === keyOf(pause))?.waiting ?? 0;
}

function timesText({ since, until }: Pick<Pause, "since" | "until">, now: number): string {
  const ends = until === null ? "until somebody ends it" : `until ${formatMoment(until, now)}`;
  return `for ${formatAge(Math.min(since, now), now)}, ${ends}`;
}

function pauseRows(pause: Pause, waiting: number, now: number, columns: number): ViewRow[] {
  const facts = [
    ...pause.isAutomatic ? ["set by mailq, since the relay refused it"] : [],
    ...waiting === 0 ? [] : [`${waiting} deferred wait for it`],
    ...pause.reason === null ? [] : [pause.reason],
  ];
  return [
    {
      key: keyOf(pause),
      line: rowOf(columns, [
        [describePart(pause), Math.max(30, Math.floor(columns / 2)), { isBold: true }],
        [timesText(pause, now), null],
      ]),
    },
    ...facts.length === 0 ? [] : [under(facts.join(" · "), columns)],
    ...pause.isAutomatic ? [under(`→ ${pauseHint(pause)}`, columns, { colour: "cyan" })] : [],
  ];
}

/** The messages of a part. */
function filterText({ scope, value }: PausedPart): string {
  switch (scope) {
    case "relay":
      return `relay:${value}`;
    case "sender":
      return `from:${quoted(value)}`;
    case "domain":
      return `to:${quoted(`@${value}`)}`;
    case "tag":
      return `tag:${quoted(value)}`;
  }
}
