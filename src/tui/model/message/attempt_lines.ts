// The lines of the Attempts tab: recipients, attempts, replies, what is folded. Called by
// detail.ts, which knows the cursor; the screen only paints them. Pure, but for the last answer it
// keeps.

import { formatDue, formatSpan } from "../../../display/ages.ts";
import { STATE_LOOKS } from "../../../display/colour.ts";
import { sanitise } from "../../../display/sanitise.ts";
import { formatMoment } from "../../../display/timestamps.ts";
import type { AttemptDetail, MessageDetail, RecipientDetail } from "../../../queue/message.ts";
import type { AttemptResult, Outcome, OutcomeKind } from "../../../queue/outcome.ts";
import { refusalKey } from "../../../queue/policy/refusal_words.ts";
import type { MessageStatus, RecipientState } from "../../../queue/state.ts";
import { TextRows } from "./text_rows.ts";

/** A line of the Attempts tab. */
export interface AttemptLine {
  /** Safe for a terminal. */
  readonly text: string;
  /** Whose colour it has. */
  readonly state: MessageStatus | RecipientState | null;
  readonly isBold: boolean;
  /** What Enter unfolds or folds here. */
  readonly fold: { readonly key: string; readonly isOpen: boolean } | null;
}

interface Look {
  readonly folds: ReadonlyMap<string, boolean>;
  readonly columns: number;
  readonly isWrapped: boolean;
  readonly maxTries: number | null;
  readonly now: number;
}

/** More recipients than this are folded at first. */
const OPEN_RECIPIENTS = 10;

let last: { message: MessageDetail; look: Look; lines: readonly AttemptLine[] } | null = null;

/** Recipients first, then the attempts, the newest first; tracebacks and transcripts folded. */
export function attemptLines(message: MessageDetail, look: Look): readonly AttemptLine[] {
  if (last?.message === message && isSame(last.look, look)) return last.lines;
  const lines = [
    ...recipientLines(message.recipients, look),
    ...message.attempts.toReversed().flatMap((attempt, i) =>
      linesOf(attempt, { ...look, isNewest: i === 0 })
    ),
  ];
  last = { message, look, lines };
  return lines;
}

function isSame(a: Look, b: Look): boolean {
  return a.folds === b.folds && a.columns === b.columns && a.isWrapped === b.isWrapped &&
    a.now === b.now && a.maxTries === b.maxTries;
}

function recipientLines(recipients: readonly RecipientDetail[], look: Look): AttemptLine[] {
  const isOpen = look.folds.get("recipients") ?? recipients.length <= OPEN_RECIPIENTS;
  const noun = recipients.length === 1 ? "recipient" : "recipients";
  const head = header(`${recipients.length} ${noun}${countsOf(recipients)}`, {
    key: "recipients",
    isOpen,
  });
  if (!isOpen) return [head];
  return [
    head,
    ...byUrgency(recipients).flatMap((one) => {
      const reason = one.reason === null ? "" : ` (${one.reason})`;
      const next = one.nextAttemptAt === null
        ? ""
        : `, next ${formatDue(one.nextAttemptAt, look.now)}`;
      const reply = replyText(one.code, one.enhanced, one.reply ?? "");
      const what = `${STATE_LOOKS[one.state].glyph} ${one.state}${reason} ${one.address}`;
      return wrapped(`${what}${next}${reply === "" ? "" : `: ${reply}`}`, 4, one.state, look);
    }),
  ];
}

/** `: 6 failed, 44 sent` */
function countsOf(recipients: readonly RecipientDetail[]): string {
  const counts = Map.groupBy(byUrgency(recipients), ({ state }) => state);
  if (counts.size < 2) return "";
  return `: ${[...counts].map(([state, some]) => `${some.length} ${state}`).join(", ")}`;
}

/** Those that somebody has to see to before those that have it. */
function byUrgency(recipients: readonly RecipientDetail[]): readonly RecipientDetail[] {
  return recipients.toSorted((a, b) => URGENCY[a.state] - URGENCY[b.state]);
}

const RESULT_STATES: Readonly<Record<AttemptResult | OutcomeKind, MessageStatus>> = {
  sent: "sent",
  partial: "partial",
  deferred: "deferred",
  failed: "failed",
  uncertain: "deferred",
};

function linesOf(
  attempt: AttemptDetail,
  { isNewest, ...look }: Look & { readonly isNewest: boolean },
): AttemptLine[] {
  const { n, result } = attempt;
  const key = `attempt ${n}`;
  const isOpen = look.folds.get(key) ?? isNewest;
  const state = RESULT_STATES[result];
  const count = look.maxTries === null ? String(n) : `${n}/${look.maxTries}`;
  const facts = [
    count,
    formatMoment(attempt.startedAt, look.now),
    attempt.host ?? attempt.relay ?? "-",
    attempt.tls,
    attempt.durationMs < 1_000 ? `${attempt.durationMs}ms` : formatSpan(attempt.durationMs),
  ].filter((fact) => fact !== null);
  const reply = replyText(attempt.code, attempt.enhanced, attempt.reply ?? "") ||
    (attempt.error ?? "");
  const groups = outcomeGroups(attempt.outcomes);
  // What was said stands where it belongs, once: beside the recipients while they are shown.
  const said = isOpen && groups.length > 0 ? "" : ` ${reply}`;
  const what = `${facts.join("  ")}  ${STATE_LOOKS[state].glyph} ${result}${said}`;
  const head = header(sanitise(what), { key, isOpen }, state);
  if (!isOpen) return [head];
  const { error } = attempt;
  const isSaid = error === null || groups.some(({ text }) => text !== "" && error.includes(text));
  return [
    head,
    ...groups.flatMap(({ kind, addresses, text }) => {
      const of = RESULT_STATES[kind];
      const named = addresses.slice(0, NAMED).join(", ") +
        (addresses.length > NAMED ? ` and ${addresses.length - NAMED} more` : "");
      return wrapped(`${STATE_LOOKS[of].glyph} ${kind} ${named}: ${text}`, 4, of, look);
    }),
    ...isSaid ? [] : wrapped(error, 4, null, look),
    ...folded("traceback", attempt.traceback, key, look),
    ...folded("transcript", attempt.transcript, key, look),
  ];
}

/** Recipients that a line names. */
const NAMED = 3;

interface OutcomeGroup {
  readonly kind: OutcomeKind;
  readonly addresses: readonly string[];
  readonly text: string;
}

/** Recipients that fared alike and were told the same, those that failed first. */
function outcomeGroups(outcomes: readonly Outcome[]): OutcomeGroup[] {
  const groups = new Map<string, { kind: OutcomeKind; addresses: string[]; text: string }>();
  for (const { kind, address, code, enhanced, text } of outcomes) {
    const said = replyText(code, enhanced, text);
    // What the reply quotes of the address makes it no other reply.
    const group = `${kind} ${refusalKey({ code, enhanced, text })}`;
    const known = groups.get(group);
    if (known === undefined) groups.set(group, { kind, addresses: [address], text: said });
    else known.addresses.push(address);
  }
  return [...groups.values()].toSorted((a, b) => URGENCY[a.kind] - URGENCY[b.kind]);
}

const URGENCY: Readonly<Record<OutcomeKind | RecipientState, number>> = {
  failed: 0,
  uncertain: 1,
  deferred: 2,
  sending: 3,
  queued: 4,
  cancelled: 5,
  suppressed: 6,
  sent: 7,
};

function folded(name: string, text: string | null, parent: string, look: Look): AttemptLine[] {
  if (text === null || text.trim() === "") return [];
  const key = `${parent} ${name}`;
  const isOpen = look.folds.get(key) ?? false;
  const lines = sanitise(text.trimEnd(), "multi_line").split("\n");
  const noun = lines.length === 1 ? "line" : "lines";
  const whole = header(`${name} (${lines.length} ${noun})`, { key, isOpen });
  const head: AttemptLine = { ...whole, text: `  ${whole.text}`, isBold: false };
  return isOpen ? [head, ...lines.flatMap((line) => wrappedSafe(line, 6, null, look))] : [head];
}

function header(
  text: string,
  fold: NonNullable<AttemptLine["fold"]>,
  state: MessageStatus | null = null,
): AttemptLine {
  return { text: `${fold.isOpen ? "▾" : "▸"} ${text}`, state, isBold: true, fold };
}

function wrapped(
  text: string,
  indent: number,
  state: MessageStatus | RecipientState | null,
  look: Look,
): AttemptLine[] {
  return wrappedSafe(sanitise(text), indent, state, look);
}

function wrappedSafe(
  text: string,
  indent: number,
  state: MessageStatus | RecipientState | null,
  { columns, isWrapped }: Look,
): AttemptLine[] {
  const rows = new TextRows({ text, columns: Math.max(10, columns - indent), isWrapped });
  return rows.slice(0, rows.count).map((row) => ({
    text: " ".repeat(indent) + row,
    state,
    isBold: false,
    fold: null,
  }));
}

function replyText(code: number | null, enhanced: string | null, text: string): string {
  return [code, enhanced, text].filter((part) => part !== null && part !== "").join(" ");
}
