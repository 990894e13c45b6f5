// The check "logins": whether the relays' logins by OAuth 2 are there, can be renewed, and last. What a
// login is, src/app/login knows.

import type { LoginState } from "../../../queue/status.ts";
import { loginStates } from "../../login/logins.ts";
import { type Check, fault, ok, warning } from "../check.ts";

interface Facts {
  readonly logins: readonly LoginState[];
  readonly now: number;
}

export const check: Check<Facts> = {
  gather: ({ settings, now }) => ({ logins: loginStates(settings, now), now }),
  judge({ logins, now }) {
    return logins.map(({ relay, renewedAt, endsAt, trouble }) => {
      const name = { name: relay === "default" ? "token" : `${relay} token` };
      const mend = `mailq login ${relay}`;
      if (trouble === null) {
        const ends = endsAt === null ? "" : `, ends ${new Date(endsAt).toISOString().slice(0, 10)}`;
        return ok(`renewed ${new Date(renewedAt ?? 0).toISOString()}${ends}`, name);
      }
      const text = `the login of the relay ${relay}: ${trouble}`;
      const isNear = endsAt !== null && endsAt > now && trouble.startsWith("it ends");
      return isNear ? warning(text, mend, name) : fault(text, mend, name);
    });
  },
};
