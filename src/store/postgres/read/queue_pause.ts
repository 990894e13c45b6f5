// Whether the whole queue is paused, in the table `meta`. Claims look at it before each; people set and
// end it by status.ts.

/** The condition that the whole queue is paused at a time. */
export const IS_PAUSED = `EXISTS (SELECT 1 FROM meta WHERE key = 'paused_since') AND NOT EXISTS
  (SELECT 1 FROM meta WHERE key = 'paused_until' AND value::bigint <= ?)`;
