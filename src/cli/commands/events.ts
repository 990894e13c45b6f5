// `mailq events`: what happens in the queue, one object a line. The reading is src/app/events', the
// types of events stand in src/queue/event.ts.

import { buildCommand } from "@stricli/core";
import { followEvents } from "../../app/events/follow.ts";
import { resolveId } from "../../app/select.ts";
import { sanitise } from "../../display/sanitise.ts";
import { formatMoment } from "../../display/timestamps.ts";
import { MailqError } from "../../queue/errors.ts";
import { eventJson, type NumberedEvent, typesOf } from "../../queue/event.ts";
import { ID_LENGTH, normaliseId } from "../../queue/ids.ts";
import type { Store } from "../../queue/ports/store.ts";
import { count, type FlagsOf, parsed, text, toggle } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";

const FLAGS = {
  follow: toggle("Go on with each event as it happens"),
  since: count("Only what came after this number"),
  type: {
    ...parsed({ brief: 'Only this type, or all of "recipient.*"', placeholder: "TYPE" }, readType),
    variadic: true as const,
  },
  id: text({ brief: "Only what happened to this message", placeholder: "ID" }),
};

export const command = buildCommand<FlagsOf<typeof FLAGS>, [], Context>({
  async func({ follow = false, since, type, id }) {
    const { output } = this;
    const store = await this.queue({ create: follow });
    const wanted = {
      ...(type === undefined ? {} : { types: type.flat() }),
      ...(id === undefined ? {} : { id: await idOf(store, id) }),
    };
    // Nobody wants a month of events before the first new one.
    const isFromNow = follow && since === undefined && id === undefined;
    const signal = follow ? this.stopSignal() : new AbortController().signal;
    const plan = {
      since: since ?? (isFromNow ? await store.newestEvent() : null),
      wanted,
      follows: follow,
      signal,
    };
    const isForPeople = !output.isJson && output.stdout.isTerminal();
    for await (const page of followEvents(store, plan)) {
      for (const event of page) {
        if (isForPeople) output.line(eventLine(event, this.now()));
        else output.json(eventJson(event));
      }
      if (follow) output.flush();
    }
  },
  parameters: { flags: FLAGS },
  docs: {
    brief: "What happens in the queue, as it happens",
    fullDescription:
      `Prints events, oldest first: one JSON object a line, or at a terminal a line to read
(--json prints objects there, too). Each has a number that only grows: who keeps the last
one he has seen and gives it to --since misses none. Exit status 75: events after that
number were deleted (retention.events). --follow begins with what happens from now on,
with --id or --since where they say.

  mailq events --type recipient.failed
  mailq events --follow --type 'relay.*' --type queue.paused
  mailq events --id 7kq3vd --follow
  mailq events --since 4711 --follow`,
  },
});

function readType(pattern: string): string[] {
  const types = typesOf(pattern.trim());
  if (types.length > 0) return types;
  throw new MailqError(
    "usage",
    `Cannot use the type "${pattern}": expected one of ${typesOf("*").join(", ")}; ` +
      'or "message.*" and its like',
  );
}

/** The whole id. Mail that was purged has events still, but its id must be given whole. */
async function idOf(store: Store, text: string): Promise<string> {
  const id = normaliseId(text);
  return id?.length === ID_LENGTH ? id : await resolveId(store, text);
}

/** Fields whose values stand by themselves, in this order. */
const BARE = ["id", "address", "relay", "sender", "domain", "tag", "code", "enhanced", "reply"];

function eventLine(event: NumberedEvent, now: number): string {
  const { number, at: _at, type, ...fields } = eventJson(event);
  const bare = BARE.map((name) => fields[name]).filter((value) => isKnown(value));
  const named = Object.entries(fields).filter(([name, value]) =>
    !BARE.includes(name) && isKnown(value)
  ).map(([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`);
  return sanitise([formatMoment(event.at, now), number, type, ...bare, ...named].join(" "));
}

function isKnown(value: unknown): boolean {
  return value !== null && value !== undefined && value !== false && value !== "" &&
    !(Array.isArray(value) && value.length === 0);
}
