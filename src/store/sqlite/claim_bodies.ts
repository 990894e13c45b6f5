import type { Claim } from "../../queue/message.ts";
import type { Connection } from "./connection.ts";
import { PART_BYTES, PARTS_PER_MESSAGE } from "./layout.ts";

const ONLY_PART = "SELECT bytes FROM body WHERE part = ?";

/** A claim as it is being put together. */
export type OpenClaim = { -readonly [Key in keyof Claim]: Claim[Key] };

/** Puts the bodies that are one row into their claims, as far as there is room; it keeps nobody
 *  from writing. One that is not whole is left out: reading it in pieces reports the damage.
 *  `onEach` is called before each. */
export function addBodies(
  db: Connection,
  claims: readonly OpenClaim[],
  roomBytes: number,
  onEach: () => void,
): void {
  let left = roomBytes;
  db.readNow(() => {
    for (const claim of claims) {
      if (claim.sizeBytes > PART_BYTES) continue;
      left -= claim.sizeBytes;
      if (left < 0) return;
      onEach();
      const bytes = db.get(ONLY_PART, claim.seq * PARTS_PER_MESSAGE)?.bytes;
      if (bytes instanceof Uint8Array && bytes.length === claim.sizeBytes) claim.content = bytes;
    }
  });
}
