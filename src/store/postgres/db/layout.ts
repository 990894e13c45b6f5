// Numbers of how mail lies in the database. Who writes and reads bodies needs them; the tables are
// schema.ts's.

/** The body of a message is cut into rows of this many bytes. */
export const PART_BYTES = 256 * 1024;

/** Rows of one body, at most. */
export const PARTS_PER_MESSAGE = 4096;
