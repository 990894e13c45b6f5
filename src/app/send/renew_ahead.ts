// Renews the logins of relays ahead of time: before a pass, and every few minutes while the service runs.
// Called by `send` and `run`; what a login is, src/app/login knows, and is loaded where there is one.

import type { Settings } from "../../config/settings.ts";
import type { App } from "../app.ts";

type RenewApp = Pick<App, "clock" | "tell">;

const EVERY_MS = 5 * 60_000;

/** Renews what is to end soon. Never rejects: what goes wrong is kept with the login, and told by
 *  `status`. */
export async function renewAhead(app: RenewApp, settings: Settings): Promise<void> {
  if (!settings.relays.some(({ password }) => password?.kind === "oauth")) return;
  const { renewLogins }: typeof import("../login/logins.ts") = await import(
    import.meta.resolve("../login/logins.ts")
  );
  await renewLogins(app, settings);
}

/** Renews every few minutes, mail or not, until disposed of; the settings may change meanwhile. */
export function keepLogins(
  app: RenewApp & Pick<App, "wait">,
  current: () => Settings,
): AsyncDisposable {
  const over = new AbortController();
  const keeping = (async () => {
    while (!over.signal.aborted) {
      await renewAhead(app, current());
      await app.wait(EVERY_MS, over.signal);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await keeping;
    },
  };
}
