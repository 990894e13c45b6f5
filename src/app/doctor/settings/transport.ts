// The check "transport": whether anybody has said where mail goes, and whether all of it goes to one
// address. Whether the relay is there, the checks of relays say.

import { type Check, ok, warning } from "../check.ts";

interface Facts {
  /** Where the default relay's URL comes from; `default` where nobody set it. */
  readonly origin: string;
  /** The relays' names and kinds, in words. */
  readonly relays: readonly string[];
  /** The default relay takes mail of some route, or of all. */
  readonly isDefaultUsed: boolean;
  readonly redirectTo: string | null;
}

export const check: Check<Facts> = {
  gather(patient) {
    const { relays, routes, redirectTo } = patient.settings;
    const last = routes.at(-1);
    const isCovered = last !== undefined && last.sender === null && last.recipient === null;
    const isNamed = routes.some((route) => route.relays.includes("default"));
    return {
      origin: patient.originOf("transport"),
      relays: relays.map(({ name, target }) => `${name} (${target.kind})`),
      isDefaultUsed: isNamed || !isCovered,
      redirectTo,
    };
  },
  judge({ origin, relays, isDefaultUsed, redirectTo }) {
    if (redirectTo !== null) {
      return [warning(
        `test mode: all mail goes to ${redirectTo}`,
        "take redirect_to out of the settings (`mailq config` says where it is)",
      )];
    }
    if (origin === "default" && isDefaultUsed) {
      return [warning(
        "nobody has said where mail goes: it is smtp://localhost:25",
        "mailq init config | sudo tee /etc/mailq.toml  (then set transport in it)",
      )];
    }
    return [ok(relays.join(", "))];
  },
};
