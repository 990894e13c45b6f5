// Numbers and names that the inbox's SQL and who takes it in have in common. functions.ts writes them
// into the schema; take_in.ts and watch.ts read by them.

/** What a call of SQL may bring: as long as a JSON line may be. A worker has it in memory. */
export const MOST_BYTES = 64 * 1024 * 1024;

/** Workers are told of mail in the inbox by this channel. */
export const INBOX_CHANNEL = "mailq_inbox";
