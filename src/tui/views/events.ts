// What has happened in the queue, the newest first, as it happens. Enter lists the message that an event is
// about.

import { formatMoment } from "../../display/timestamps.ts";
import { eventJson, type NumberedEvent } from "../../queue/event.ts";
import { openPrompt } from "../model/dialogs/open_prompt.ts";
import { step } from "../model/events.ts";
import { openFilter } from "../model/list/window.ts";
import type { Style } from "../screens/line.ts";
import { rowOf, said, title } from "./rows.ts";
import type { View, ViewRow } from "./view.ts";

/** Fields whose values stand by themselves. */
const BARE = new Set([
  "id",
  "address",
  "relay",
  "sender",
  "domain",
  "tag",
  "code",
  "enhanced",
  "reply",
]);

export const eventsView: View<"events"> = {
  title: "Events",
  rows({ events, isCut }, { state, columns }) {
    const query = state.view?.query ?? "";
    const times = events.map(({ at }) => formatMoment(at, state.now));
    // Of today the time of day is enough.
    const timeColumns = Math.max(0, ...times.map(({ length }) => length));
    return [
      title(query === "" ? "Newest first, live" : "Newest first, live, those that match"),
      ...events.length === 0
        ? [said(query === "" ? "nothing has happened yet" : "none matches")]
        : [],
      ...events.map((event, i): ViewRow => ({
        key: String(event.number),
        line: rowOf(columns, [
          [times[i] ?? "", timeColumns, { colour: "dim" }],
          [event.type, 21, styleOf(event.type)],
          [fieldsText(event), null],
        ]),
      })),
      ...isCut ? [said("… older ones: / finds them, `mailq events` prints them all")] : [],
    ];
  },
  open(state, { events }, key) {
    const id = events.find(({ number }) => String(number) === key)?.fields.id;
    return typeof id === "string" ? openFilter(state, `id:${id}`) : step(state);
  },
  commands: {
    filter_view: (state) => step(openPrompt(state, "view_filter", state.view?.query ?? "")),
  },
};

function styleOf(type: string): Style | undefined {
  if (/failed|down|refusing|bounced/.test(type)) return { colour: "red" };
  if (/deferred|uncertain|paused|throttled|expired/.test(type)) return { colour: "yellow" };
  return /sent$|up$|resumed/.test(type) ? { colour: "green" } : undefined;
}

function fieldsText(event: NumberedEvent): string {
  const { number: _number, at: _at, type: _type, ...fields } = eventJson(event);
  return Object.entries(fields).flatMap(([name, value]) => {
    if (value === null || value === "" || value === false) return [];
    const text = Array.isArray(value) ? value.join(",") : String(value);
    return text === "" ? [] : [BARE.has(name) ? text : `${name}=${text}`];
  }).join(" ");
}
