// The check "passwords": whether the files with relays' passwords are there, can be read by whoever
// sends, and by nobody else. Whether a password is right, the relay's own check says.

import { type Check, fault, type Finding, ok } from "../check.ts";
import { octal, type Owned, ownedAt } from "../look.ts";
import type { Sender } from "../patient.ts";

interface PasswordFacts {
  readonly relay: string;
  /** The file it stands in: of its own, or a settings file with it in a URL. */
  readonly path: string;
  readonly isOwnFile: boolean;
  /** Null where there is no such file. */
  readonly file: Owned | null;
}

interface Facts {
  readonly passwords: readonly PasswordFacts[];
  /** Relays that are logged in to. */
  readonly logins: number;
  readonly owner: Sender;
}

export const check: Check<Facts> = {
  gather(patient) {
    const { relays } = patient.settings;
    const passwords = relays.flatMap(({ name, password, target }): PasswordFacts[] => {
      if (password?.kind === "file") {
        const { path } = password;
        return [{ relay: name, path, isOwnFile: true, file: ownedAt(path) }];
      }
      const isInUrl = password?.kind === "text" && target.kind === "smtp" &&
        target.login?.password === password.text;
      const origin = patient.originOf(name === "default" ? "transport" : `relay.${name}.url`);
      const path = /^(\/.*):\d+$/.exec(origin)?.[1];
      if (!isInUrl || path === undefined) return [];
      return [{ relay: name, path, isOwnFile: false, file: ownedAt(path) }];
    });
    return {
      passwords,
      logins: relays.filter(({ user }) => user !== null).length,
      owner: patient.sender,
    };
  },
  judge({ passwords, logins, owner }) {
    const found = passwords.flatMap((password) => judgePassword(password, owner) ?? []);
    if (found.length > 0) return found;
    return [
      ok(logins === 0 ? "no relay wants a login" : "whoever sends can read them, others not"),
    ];
  },
};

function judgePassword(
  { relay, path, isOwnFile, file }: PasswordFacts,
  owner: Sender,
): Finding | null {
  const whose = `of the relay ${relay}`;
  if (file === null) {
    return fault(
      `there is no file ${path}, which is to hold the password ${whose}`,
      `install -m 600 -o ${owner.name} /dev/stdin ${path}  (then type the password)`,
    );
  }
  const { mode } = file;
  if ((mode & 0o007) !== 0) {
    const text = `everybody can read the password ${whose}: ${path} (${octal(mode)})`;
    if (isOwnFile) {
      const right = mode & 0o770;
      return fault(text, `chmod ${right.toString(8)} ${path}`, {
        fix: { kind: "file", path, mode: right },
      });
    }
    return fault(text, "write it into a file of its own, and name that by password_file");
  }
  const isReadable = owner.uid === 0 ||
    file.uid === owner.uid && (mode & 0o400) !== 0 ||
    file.uid !== owner.uid && file.gid === owner.gid && (mode & 0o040) !== 0;
  if (isReadable || !isOwnFile) return null;
  return fault(
    `${owner.name}, who sends, cannot read the password ${whose}: ${path} (${octal(mode)})`,
    `chown ${owner.name} ${path} && chmod 600 ${path}`,
  );
}
