// Rules in the settings that say what a relay's refusal means, whatever it would mean otherwise.
// Pure: delivery asks for the rule of each refusal, and does what it says.

import type { Reply } from "../outcome.ts";
import { matchesPattern } from "./route.ts";

/** What a rule makes of a reply. `suppress`: the recipient fails, and gets no mail from now on.
 *  `relay`, `sender`: the reply is about them, so their mail waits and none of it fails. */
export const RULE_ACTIONS = ["defer", "fail", "suppress", "relay", "sender"] as const;
type RuleAction = typeof RULE_ACTIONS[number];

/** Says what a relay's reply means, whatever it would mean otherwise. All given conditions must
 *  hold; null = any. */
export interface Rule {
  /** Three characters, of which `x` stands for any digit: `450`, `4xx`. */
  readonly code: string | null;
  /** An enhanced status code (RFC 3463), of which `*` stands for any number: `5.7.*`. */
  readonly enhanced: string | null;
  /** A part of the reply's text, in any case; `*` stands for any run of characters. */
  readonly text: string | null;
  readonly action: RuleAction;
  /** How long what is deferred, or the relay's or the sender's mail, waits, in ms; null = as
   *  usual. */
  readonly waitMs: number | null;
}

/** The first rule for a refusal, or null. Where no reply came no rule applies: a relay that
 *  cannot be reached fails nothing. */
export function ruleFor(rules: readonly Rule[], { code, enhanced, text }: Reply): Rule | null {
  if (code === null || code < 400) return null;
  return rules.find((rule) =>
    (rule.code === null || matchesCode(rule.code, String(code))) &&
    (rule.enhanced === null || (enhanced !== null && matchesEnhanced(rule.enhanced, enhanced))) &&
    (rule.text === null || matchesPattern({ pattern: `*${rule.text}*`, text }))
  ) ?? null;
}

function matchesCode(pattern: string, code: string): boolean {
  return pattern.length === code.length &&
    [...pattern].every((wanted, i) => wanted.toLowerCase() === "x" || wanted === code[i]);
}

function matchesEnhanced(pattern: string, enhanced: string): boolean {
  const wanted = pattern.split(".");
  const given = enhanced.split(".");
  return wanted.length === given.length &&
    wanted.every((part, i) => part === "*" || part === given[i]);
}
