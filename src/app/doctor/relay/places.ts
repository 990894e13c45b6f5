// The check "places": whether Maildirs, mbox files and sockets that are relays can be written by whoever
// sends. Programs are the check "commands".

import { folderOf, lookAt } from "../../../system/files.ts";
import { type Check, fault, ok } from "../check.ts";
import { type Owned, ownedAt } from "../look.ts";
import type { Sender } from "../patient.ts";

interface PlaceFacts {
  readonly relay: string;
  readonly path: string;
  /** What is to be there, or the folder that it is to be made in. */
  readonly needed: string;
  /** Null where it is not there. */
  readonly info: Owned | null;
}

interface Facts {
  readonly places: readonly PlaceFacts[];
  readonly owner: Sender;
}

export const check: Check<Facts> = {
  gather(patient) {
    return {
      places: patient.relays.flatMap(({ name, target }): PlaceFacts[] => {
        if (target.kind !== "maildir" && target.kind !== "file" && target.kind !== "lmtp_socket") {
          return [];
        }
        const { path } = target;
        const isMade = target.kind === "lmtp_socket" || lookAt(path) !== null;
        const needed = isMade ? path : folderOf(path);
        return [{ relay: name, path, needed, info: ownedAt(needed) }];
      }),
      owner: patient.sender,
    };
  },
  judge({ places, owner }) {
    if (places.length === 0) return [];
    return places.map(({ relay, path, needed, info }) => {
      const name = { name: `relay ${relay}` };
      if (info === null) return fault(`there is no ${needed}`, `ls -ld ${needed}`, name);
      const { uid, gid, mode } = info;
      const bits = uid === owner.uid ? 0o200 : gid === owner.gid ? 0o020 : 0o002;
      if (owner.uid === 0 || (mode & bits) !== 0) return ok(path, name);
      return fault(
        `${owner.name}, who sends, may not write ${needed}`,
        `sudo chown ${owner.name} ${needed}`,
        name,
      );
    });
  },
};
