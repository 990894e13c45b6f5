// Numbers of the file's layout. The connection needs them before the schema (schema.ts) is loaded,
// which most processes never do.

/** "mlq1": marks a SQLite file as a mailq queue. */
export const APPLICATION_ID = 0x6d6c7131;

/** The schema this program knows: how many steps there are (schema.ts). */
export const SCHEMA_VERSION = 3;

/** The body of a message is cut into rows of this many bytes: one 50 MB BLOB would peak at
 *  178 MB of memory when it is inserted, rows at 36 MB. */
export const PART_BYTES = 256 * 1024;

/** `body.part` is the message's seq times this, plus the part's place in the message. */
export const PARTS_PER_MESSAGE = 4096;
