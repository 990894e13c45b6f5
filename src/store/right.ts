// What a role of a database may do in a queue there. `mailq grant` gives it; what each right consists of
// is postgres/grant.ts's.

/** `submit`: hand mail in by SQL. `read`: see everything, and change nothing. `operate`: all but change
 *  the schema. */
export const RIGHTS = ["submit", "read", "operate", "none"] as const;
export type Right = typeof RIGHTS[number];
