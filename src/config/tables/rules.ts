// Reads one [[rule]] table of a settings file. Called by settings_file.ts. What a rule does to an
// outcome is in src/queue/policy/rule.ts.

import { parseDuration } from "../../queue/durations.ts";
import { type Rule, RULE_ACTIONS } from "../../queue/policy/rule.ts";
import { suggestName } from "../suggest.ts";

const RULE_KEYS: readonly string[] = ["code", "enhanced", "text", "action", "wait"];

/** Notes what is wrong with a key of a rule. */
type NoteWrong = (text: string, key: string, expected: string) => void;

/** Reads a `[[rule]]` table; null, and what is wrong is noted, where it cannot be one. */
export function readRule(table: Readonly<Record<string, unknown>>, note: NoteWrong): Rule | null {
  for (const key of Object.keys(table)) {
    if (RULE_KEYS.includes(key)) continue;
    const near = suggestName(key, RULE_KEYS);
    note(
      `Unknown setting ${key} of a rule`,
      key,
      near === null ? `expected one of ${RULE_KEYS.join(", ")}` : `did you mean ${near}?`,
    );
    return null;
  }
  let isWrong = false;
  const read = (key: string, pattern: RegExp, expected: string): string | null => {
    const raw = table[key];
    if (raw === undefined) return null;
    const text = typeof raw === "number" ? String(raw) : raw;
    if (typeof text === "string" && pattern.test(text)) return text;
    note(`Cannot use ${key} = ${JSON.stringify(raw)} in a rule`, key, `expected ${expected}`);
    isWrong = true;
    return null;
  };
  const code = read("code", /^[45][\dx]{2}$/i, 'a refusal\'s code such as 450 or "4xx"');
  const enhanced = read(
    "enhanced",
    /^[45](\.(\d{1,3}|\*)){2}$/,
    'an enhanced status code such as "4.7.1" or "5.7.*"',
  );
  const text = read(
    "text",
    /^[^\p{Cc}]*[^\p{Cc}\s*][^\p{Cc}]*$/u,
    'a part of a reply such as "greylist"',
  );
  const action = RULE_ACTIONS.find((known) => known === table.action);
  if (action === undefined) {
    const given = table.action === undefined
      ? "a rule without an action"
      : `action = ${JSON.stringify(table.action)} in a rule`;
    note(`Cannot use ${given}`, "action", "expected defer, fail, suppress, relay or sender");
    return null;
  }
  const waitMs = readWait(table.wait, note);
  if (isWrong || waitMs === undefined) return null;
  if (waitMs !== null && (action === "fail" || action === "suppress")) {
    note(`Cannot use wait beside action = "${action}"`, "wait", "expected defer, relay or sender");
    return null;
  }
  if (code === null && enhanced === null && text === null) {
    note(
      "Cannot use a rule for every refusal",
      "action",
      "expected a code, enhanced or text beside it",
    );
    return null;
  }
  return { code, enhanced, text, action, waitMs };
}

/** How long mail waits by the rule, in ms; null = as usual, undefined = wrong. */
function readWait(raw: unknown, note: NoteWrong): number | null | undefined {
  if (raw === undefined) return null;
  try {
    if (typeof raw === "string") return parseDuration(raw);
  } catch {
    // Told below.
  }
  note(
    `Cannot use wait = ${JSON.stringify(raw)} in a rule`,
    "wait",
    'expected a duration such as "6h"',
  );
  return undefined;
}
