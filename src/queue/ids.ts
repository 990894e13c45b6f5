// Ids of messages: how they are made, and how one that a person typed is read. Whoever makes a
// message gives it its id; whole ids for the beginnings of some are src/app/select.ts's.

// Crockford's base 32: no i, l, o or u to misread.
export const ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** The length of a message's id. */
export const ID_LENGTH = 12;

/** Makes an id of 60 random bits from at least 12 random bytes. */
export function makeId(randomBytes: Uint8Array): string {
  let id = "";
  for (let i = 0; i < ID_LENGTH; i++) id += ID_ALPHABET[(randomBytes[i] ?? 0) & 31];
  return id;
}

/** The canonical form of an id or a prefix of one as a person typed it (any case; i and l read
 *  as 1, o as 0), or null where it can be neither. */
export function normaliseId(text: string): string | null {
  const id = text.toLowerCase().replace(/[il]/g, "1").replace(/o/g, "0");
  return id.length > 0 && id.length <= ID_LENGTH && /^[0-9a-hjkmnp-tv-z]+$/.test(id) ? id : null;
}
