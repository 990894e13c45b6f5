// What intake is told by the settings: for every way of taking mail in, which adds what its own
// caller wishes (flags of a command, the envelope of an SMTP conversation).

import type { Settings } from "../../config/settings.ts";
import type { IntakeOptions, IntakeSettings, LocalNames } from "../../intake/options.ts";
import type { App } from "../app.ts";

/** What the caller of intake wishes for its mail. */
export type IntakeWishes = Omit<IntakeOptions, "settings" | "now" | "random">;

/** What is needed to make options of wishes. */
export type OptionsApp =
  & Pick<App, "clock" | "random" | "user">
  // What comes by a listener comes from no command of ours.
  & Partial<Pick<App, "env">>;

/** The tag of what a hook has queued begins so; its name follows. */
export const HOOK_TAG = "hook:";

/** The options of mail that is taken in now. What the command of a hook queues is marked by a tag: it
 *  must not set hooks off again. */
export function intakeOptions(
  app: OptionsApp,
  settings: Settings,
  wishes: IntakeWishes,
): IntakeOptions {
  const { MAILQ_HOOK: hook = "" } = app.env ?? {};
  return {
    ...wishes,
    ...hook === "" ? {} : { tags: [...wishes.tags ?? [], `${HOOK_TAG}${hook}`] },
    settings: intakeSettings(app, settings),
    now: app.clock.now(),
    random: app.random,
  };
}

/** What intake uses of the settings; one by one, since the host's name and the user's are looked up
 *  only if they are asked for. */
export function intakeSettings(app: Pick<App, "user">, settings: Settings): IntakeSettings {
  return {
    from: settings.from,
    forceFrom: settings.forceFrom,
    get hostname() {
      return settings.hostname;
    },
    get user() {
      return app.user();
    },
    adminAddress: settings.adminAddress,
    local: localNames(settings),
    headerFrom: settings.headerFrom,
    longLines: settings.longLines,
    maxSizeBytes: settings.maxSizeBytes,
    redirectTo: settings.redirectTo,
  };
}

/** The names of this machine and its aliases, by the settings. */
function localNames({ machine, aliases }: Settings): LocalNames {
  return {
    get host() {
      return machine.host;
    },
    get fullName() {
      return machine.full;
    },
    aliasesPath: aliases.path,
    readAliases() {
      try {
        return Deno.readTextFileSync(aliases.path);
      } catch (error) {
        if (!aliases.isGiven && error instanceof Deno.errors.NotFound) return null;
        throw error;
      }
    },
    async systemAccounts() {
      const { readPasswd }: typeof import("../../system/passwd.ts") = await import(
        import.meta.resolve("../../system/passwd.ts")
      );
      // Below 1000 are those that programs have (login.defs, Debian's policy 9.2.2).
      return new Set(readPasswd().filter(({ uid }) => uid < 1000).map(({ name }) => name));
    },
  };
}
