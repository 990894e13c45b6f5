// An event as a line for people: when, what, of what, and what is known of it. For `mailq events` at a
// terminal; programs get JSON.

import { eventJson, type NumberedEvent } from "../../queue/event.ts";
import { sanitise } from "../../display/sanitise.ts";
import { formatMoment } from "../../display/timestamps.ts";

/** Fields whose values stand by themselves, in this order. */
const BARE = ["id", "address", "relay", "sender", "domain", "tag", "code", "enhanced", "reply"];

export function eventLine(event: NumberedEvent, now: number): string {
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
