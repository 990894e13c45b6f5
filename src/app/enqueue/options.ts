// What intake is told by the settings: for every way of taking mail in, which adds what its own
// caller wishes (flags of a command, the envelope of an SMTP conversation).

import type { Settings } from "../../config/settings.ts";
import type { IntakeOptions, IntakeSettings } from "../../intake/options.ts";
import type { App } from "../app.ts";

/** What the caller of intake wishes for its mail. */
export type IntakeWishes = Omit<IntakeOptions, "settings" | "now" | "random">;

/** What is needed to make options of wishes. */
export type OptionsApp = Pick<App, "clock" | "random" | "user">;

/** The options of mail that is taken in now. */
export function intakeOptions(
  app: OptionsApp,
  settings: Settings,
  wishes: IntakeWishes,
): IntakeOptions {
  return {
    ...wishes,
    settings: intakeSettings(app, settings),
    now: app.clock.now(),
    random: app.random,
  };
}

/** What intake uses of the settings; one by one, since the host's name and the user's are looked up
 *  only if they are asked for. */
function intakeSettings(app: Pick<App, "user">, settings: Settings): IntakeSettings {
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
    maxSizeBytes: settings.maxSizeBytes,
    redirectTo: settings.redirectTo,
  };
}
