// What goes into a statement and comes out of it, of whichever database. Both stores' connections and
// the pieces of SQL that they share use it.

/** What may be bound to a statement. */
export type Value = null | number | string | Uint8Array;
/** A row as a statement returns it. */
export type Row = Record<string, unknown>;
