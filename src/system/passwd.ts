// The users of this machine, as /etc/passwd has them. For whoever needs the name of a file's owner
// or an owner by name: the set-up and the taking in of drops.

/** A user as /etc/passwd has him. */
export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The users of /etc/passwd; none where there is no such file. */
export function readPasswd(path = "/etc/passwd"): PasswdEntry[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch {
    return [];
  }
  return text.split("\n").flatMap((line) => {
    const [name = "", , uid = "", gid = ""] = line.split(":");
    return name !== "" && /^\d+$/.test(uid) && /^\d+$/.test(gid)
      ? [{ name, uid: Number(uid), gid: Number(gid) }]
      : [];
  });
}

/** The user's name; `uid1234` for one that /etc/passwd does not know. */
export function userName(uid: number, users: readonly PasswdEntry[]): string {
  return users.find((user) => user.uid === uid)?.name ?? `uid${uid}`;
}
