// The tables of a queue as `mailq copy` carries them over: their columns, which have the same names in
// every store. A column that a later step of the schemas adds has its place here, too.

/** All of `message` but what the queue gives it: its seq, its lane and its claim. */
export const MESSAGE: readonly string[] = [
  ...["id", "status", "held", "priority", "queued_at", "life_from", "created_at", "send_at"],
  ...["expires_at", "next_at", "sent_at", "final_at", "final_reason", "tries", "attempts", "lost"],
  ...["n_total", "n_open", "n_sent", "n_failed", "size", "dot_lines", "eight_bit", "body_kept"],
  ...["sender", "first_recipient", "subject", "header_from", "header_to", "message_id", "tags"],
  ...["key", "submitter", "replaces", "dsn", "last_reply", "changes"],
];

/** What belongs to a message, without its seq; each table in the order of the first column. */
export const CHILDREN: ReadonlyMap<string, readonly string[]> = new Map([
  ["recipient", [
    ...["n", "address", "state", "reason", "tries", "failures", "next_at", "sent_at", "code"],
    ...["enhanced", "reply", "dsn"],
  ]],
  ["attempt", [
    ...["n", "started_at", "duration_ms", "relay", "host", "tls", "result", "code", "enhanced"],
    ...["reply", "error", "traceback", "transcript", "outcomes"],
  ]],
  ["tag", ["tag"]],
  ["report", ["kind", "state", "since"]],
  ["bounce", ["n", "address", "at", "code", "enhanced", "reply", "reporter", "is_hard"]],
]);

/** What a queue knows besides mail, but for counts and events. Not what a relay is suspected of, and not
 *  the messages that brought a pause about: both are told by seq, and come about anew. */
export const OTHERS: ReadonlyMap<string, readonly string[]> = new Map([
  ["suppression", ["address", "reason", "created_at"]],
  ["pause", ["scope", "value", "reason", "since", "until", "automatic", "times"]],
  ["relay", [
    ...["name", "failures", "down_since", "open_until", "last_error", "refusal", "hint"],
    "changed_at",
  ]],
  ["relay_limit", [
    ...["relay", "settings", "connections", "of_connections", "rate", "learned_at", "back_offs"],
    ...["since", "until", "reply"],
  ]],
  ["relay_family", ["relay", "family"]],
  ["report_refused", ["address", "at"]],
  ["rate", ["scope", "newest_from", "counts"]],
]);

/** Hooks go on where they were as long as events keep their numbers. */
export const HOOK: readonly string[] = [
  ...["name", "position", "batch_to", "told", "told_at", "failures", "failing_since", "next_at"],
  "last_error",
];
