// By what the mail that is not sent can be gathered. Called by the flags of `status --by`; a file of its
// own, since the gathering (groups.ts) is loaded only where it is asked for.

export const GROUPINGS = ["problem", "domain", "relay", "sender", "tag"] as const;
export type Grouping = typeof GROUPINGS[number];
