// Gathers what is not sent by what it has in common: by its refusal (problems), recipient domain, relay,
// sender or tag. Called by `problems`, `status --by` and the filter `--problem`. The store tells which
// recipients there are; what "the same reply" means is src/queue/policy/problem.ts's.

import { MailqError } from "../../queue/errors.ts";
import type { Reply } from "../../queue/outcome.ts";
import { isNumberOf, replyBehind, shownNumbers, wholeNumber } from "../../queue/policy/problem.ts";
import { readRefusal } from "../../queue/policy/refusals.ts";
import { relaysFor, type Route } from "../../queue/policy/route.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import { isOpen } from "../../queue/state.ts";
import type { UnsentRecipient } from "../../queue/unsent.ts";
import type { Grouping } from "./groupings.ts";
import { hintFor } from "../pause/hints.ts";

type Unsent = Pick<Reader, "unsent">;

/** How many of something there are, the most frequent first. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(text: string): void {
    this.#counts.set(text, (this.#counts.get(text) ?? 0) + 1);
  }

  get entries(): readonly (readonly [text: string, count: number])[] {
    return [...this.#counts].toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  }
}

/** One problem. Times are ms since 1970. */
export interface Problem {
  /** Tells it from the other problems of the queue: five digits, more where those are not enough. */
  readonly number: number;
  /** The reply as it was given to one of the recipients. */
  readonly reply: Reply;
  readonly messages: number;
  readonly recipients: number;
  /** Recipients among them that still wait. */
  readonly open: number;
  readonly relays: Tally;
  readonly domains: Tally;
  /** Null if no relay was ever asked. */
  readonly firstSeen: number | null;
  readonly lastSeen: number | null;
  /** What to do about it; null where nothing is known. */
  readonly hint: string | null;
}

/** The problems of the queue, those with most recipients first; `openOnly`: only what still waits. */
export async function problems(
  store: Unsent,
  { openOnly }: { readonly openOnly: boolean },
): Promise<Problem[]> {
  const found = new Map<number, ProblemGroup>();
  for await (const recipient of store.unsent()) {
    const reply = problemReply(recipient);
    if (reply === null) continue;
    const whole = wholeNumber(reply);
    const group = found.get(whole) ?? new ProblemGroup(reply);
    // Also where it is not to be listed: it counts for what the numbers of the others are.
    found.set(whole, group);
    if (!openOnly || isOpen(recipient.state)) group.add(recipient);
  }
  const shown = shownNumbers(found.keys());
  return [...found].filter(([, group]) => !group.isEmpty)
    .map(([whole, group]) => group.end(shown.get(whole) ?? whole))
    .toSorted((a, b) => b.recipients - a.recipients || a.number - b.number);
}

/** The ids of the messages that are part of a problem, each once, oldest first within its status. Throws
 *  `usage` where the number is the beginning of two. */
export async function problemMessages(store: Unsent, number: number): Promise<string[]> {
  const ids = new Set<string>();
  const wholes = new Set<number>();
  for await (const recipient of store.unsent()) {
    const reply = problemReply(recipient);
    const whole = reply === null ? null : wholeNumber(reply);
    if (whole === null || !isNumberOf(number, whole)) continue;
    wholes.add(whole);
    ids.add(recipient.id);
  }
  if (wholes.size <= 1) return [...ids];
  const candidates = [...shownNumbers(wholes).values()].toSorted((a, b) => a - b);
  throw new MailqError(
    "usage",
    `Cannot use the problem ${number}: several begin so: ${candidates.join(", ")}`,
  );
}

/** The reply that a recipient's problem is; null if it has none. */
function problemReply(recipient: UnsentRecipient): Reply | null {
  const { code, enhanced, reply } = recipient;
  if (recipient.reason === "deadline") {
    return { code: null, enhanced: null, text: "expired before it could be sent" };
  }
  return reply === null ? null : replyBehind({ code, enhanced, text: reply });
}

/** Counts messages of recipients that come message by message. */
class MessageCount {
  count = 0;
  #last: string | null = null;

  add(id: string): void {
    if (id !== this.#last) this.count++;
    this.#last = id;
  }
}

class ProblemGroup {
  readonly #messages = new MessageCount();
  readonly #relays = new Tally();
  readonly #domains = new Tally();
  readonly #senders = new Set<string>();
  #recipients = 0;
  #open = 0;
  #firstSeen: number | null = null;
  #lastSeen: number | null = null;

  constructor(readonly reply: Reply) {}

  get isEmpty(): boolean {
    return this.#recipients === 0;
  }

  add(recipient: UnsentRecipient): void {
    const { id, address, sender, state, relay, firstTriedAt, lastTriedAt } = recipient;
    this.#messages.add(id);
    this.#recipients++;
    if (isOpen(state)) this.#open++;
    const named = relay ?? relayNamed(recipient.reply);
    if (named !== null) this.#relays.add(named);
    this.#domains.add(domainOf(address));
    this.#senders.add(sender);
    this.#firstSeen = least(this.#firstSeen, firstTriedAt);
    this.#lastSeen = most(this.#lastSeen, lastTriedAt);
  }

  end(number: number): Problem {
    return {
      number,
      reply: this.reply,
      messages: this.#messages.count,
      recipients: this.#recipients,
      open: this.#open,
      relays: this.#relays,
      domains: this.#domains,
      firstSeen: this.#firstSeen,
      lastSeen: this.#lastSeen,
      hint: this.#hint(),
    };
  }

  #hint(): string | null {
    // Most replies come to a recipient or to the content; the table's other rows are by their words.
    const { about, hint } = readRefusal(this.reply, "dot");
    if (hint === null) {
      if (about === "recipient") return "see to the addresses, or put them on the do-not-send list";
      const isUnknown = about === "unknown" && (this.reply.code ?? 0) >= 500;
      return isUnknown ? "mailq does not know this reply: a [[rule]] can say what it means" : null;
    }
    const [[relay] = []] = this.#relays.entries;
    const [sender] = this.#senders;
    if (about === "sender") {
      return this.#senders.size === 1 && sender !== undefined
        ? hintFor({ scope: "sender", value: sender }, hint)
        : hint;
    }
    return relay === undefined ? hint : hintFor({ scope: "relay", value: relay }, hint);
  }
}

/** The relay for which a recipient waits untried. */
function relayNamed(reply: string | null): string | null {
  return /^the relay (\S+) is left alone/.exec(reply ?? "")?.[1] ?? null;
}

function least(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}

function most(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}

/** What is not sent of one domain, relay, sender or tag. */
export interface UnsentGroup {
  readonly name: string;
  readonly messages: number;
  /** Recipients by their state. */
  readonly queued: number;
  readonly deferred: number;
  readonly failed: number;
  /** When the oldest message came in, ms since 1970. */
  readonly oldestAt: number;
}

/** What is not sent, by what it has in common; the largest group first. A message counts in each group
 *  that a recipient of it is part of; for the relay that of its route which comes first counts. */
export async function unsentBy(
  store: Unsent,
  grouping: Exclude<Grouping, "problem">,
  routes: readonly Route[],
): Promise<UnsentGroup[]> {
  const groups = new Map<string, GroupCount>();
  for await (const recipient of store.unsent()) {
    for (const name of namesOf(recipient, grouping, routes)) {
      const group = groups.get(name) ?? new GroupCount(name);
      groups.set(name, group);
      group.add(recipient);
    }
  }
  return [...groups.values()].map((group) => group.end())
    .toSorted((a, b) => b.messages - a.messages || (a.name < b.name ? -1 : 1));
}

function namesOf(
  recipient: UnsentRecipient,
  grouping: Exclude<Grouping, "problem">,
  routes: readonly Route[],
): readonly string[] {
  const { sender, address, tags } = recipient;
  switch (grouping) {
    case "domain":
      return [domainOf(address)];
    case "relay":
      return relaysFor(routes, { sender, recipient: address }).slice(0, 1);
    case "sender":
      return [sender === "" ? "<>" : sender];
    case "tag":
      return tags.length === 0 ? ["(none)"] : tags;
  }
}

class GroupCount {
  readonly #messages = new MessageCount();
  #queued = 0;
  #deferred = 0;
  #failed = 0;
  #oldestAt = Infinity;

  constructor(readonly name: string) {}

  add({ id, state, createdAt }: UnsentRecipient): void {
    this.#messages.add(id);
    if (state === "deferred") this.#deferred++;
    else if (state === "failed") this.#failed++;
    else this.#queued++;
    this.#oldestAt = Math.min(this.#oldestAt, createdAt);
  }

  end(): UnsentGroup {
    return {
      name: this.name,
      messages: this.#messages.count,
      queued: this.#queued,
      deferred: this.#deferred,
      failed: this.#failed,
      oldestAt: this.#oldestAt,
    };
  }
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
}
