// Which part of the mail a pause is for: reads what a person gave for it, and sets the pause. Called by
// `pause` and `resume`; what is a pause is src/queue/policy's, what it keeps back delivery decides.

import { MailqError } from "../../queue/errors.ts";
import type { PausedPart } from "../../queue/policy/pause.ts";
import type { Operator } from "../../queue/ports/operator.ts";
import type { App } from "../app.ts";

/** A part as a person names it; one of them at most. */
interface GivenPart {
  readonly relay?: string;
  /** Empty or `<>` for the null sender. */
  readonly sender?: string;
  /** With or without an `@` before it. */
  readonly toDomain?: string;
  readonly tag?: string;
}

/** The part that is meant; null where none is given. Throws `usage` for more than one, for a relay
 *  that is none of `relays`, and for what is no address or no domain. */
export function readPart(given: GivenPart, relays: readonly string[]): PausedPart | null {
  const { relay, sender, toDomain, tag } = given;
  const parts: PausedPart[] = [];
  if (relay !== undefined) parts.push({ scope: "relay", value: knownRelay(relay, relays) });
  if (sender !== undefined) parts.push({ scope: "sender", value: readSender(sender) });
  if (toDomain !== undefined) parts.push({ scope: "domain", value: readDomain(toDomain) });
  if (tag !== undefined) parts.push({ scope: "tag", value: tag });
  if (parts.length > 1) {
    throw new MailqError(
      "usage",
      "Cannot mean more than one of --relay, --sender, --to-domain and --tag: give one",
    );
  }
  return parts[0] ?? null;
}

function knownRelay(name: string, relays: readonly string[]): string {
  if (relays.includes(name)) return name;
  throw new MailqError(
    "usage",
    `Cannot find a relay called "${name}": expected one of ${relays.join(", ")}`,
  );
}

function readSender(text: string): string {
  const address = text.trim().replace(/^<(.*)>$/, "$1");
  if (address === "" || /^[^\s<>]+@[^\s<>@]+$/.test(address)) return address.toLowerCase();
  throw new MailqError(
    "usage",
    `Cannot use the sender "${text}": expected an address, or <> for the null sender`,
  );
}

function readDomain(text: string): string {
  const domain = text.trim().replace(/^@/, "");
  if (/^[^\s<>@]+$/.test(domain)) return domain.toLowerCase();
  throw new MailqError(
    "usage",
    `Cannot use the domain "${text}": expected one such as example.org`,
  );
}

/** How a person wants a part paused. */
interface WantedPause {
  /** Null = until somebody ends it. */
  readonly forMs: number | null;
  readonly reason: string | null;
}

/** Pauses a part from now on; resolves to whether it was not paused before. */
export async function pausePart(
  { clock }: Pick<App, "clock">,
  store: Pick<Operator, "pausePart">,
  part: PausedPart,
  { forMs, reason }: WantedPause,
): Promise<boolean> {
  const since = clock.now();
  return await store.pausePart({
    ...part,
    reason,
    since,
    until: forMs === null ? null : since + forMs,
    isAutomatic: false,
    times: 0,
    refused: [],
  });
}

/** A part in words: `the sender ann@example.org`. */
export function describePart({ scope, value }: PausedPart): string {
  return scope === "sender" && value === "" ? "the null sender" : `the ${scope} ${value}`;
}

/** The command line that ends the pause of a part. */
export function resumeCommand({ scope, value }: PausedPart): string {
  const flag = scope === "domain" ? "--to-domain" : `--${scope}`;
  return `mailq resume ${flag} ${/^[\w.@+%=:,/-]+$/.test(value) ? value : quoted(value)}`;
}

/** A word as a shell takes it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
