// The logins of the settings' relays as they stand: which are missing, end soon or are over; and their
// renewal ahead of time. Called by `status`, `doctor`, `send` and `run`.

import type { Settings } from "../../config/settings.ts";
import { errorText } from "../../queue/errors.ts";
import type { LoginState } from "../../queue/status.ts";
import { clientOf } from "../../transport/oauth/provider.ts";
import { accessToken } from "../../transport/oauth/renew.ts";
import { lookAt } from "../../system/files.ts";
import { readTokens } from "../../transport/oauth/token_file.ts";
import type { App } from "../app.ts";
import { loginFile } from "./login_file.ts";

const DAY_MS = 24 * 60 * 60_000;
/** A login that ends within this time is told of. */
const SOON_MS = 14 * DAY_MS;
/** Mail or not, each login is renewed so often: that keeps it alive, and shows in time that it is over. */
const RENEW_MS = DAY_MS;
/** After a failure the provider is left alone for so long. */
const REST_MS = 10 * 60_000;

/** Every login of the settings, in the order of the relays. */
export function loginStates(
  settings: Pick<Settings, "relays" | "queue">,
  now: number,
): LoginState[] {
  return settings.relays.flatMap(({ name, password }): LoginState[] => {
    if (password?.kind !== "oauth") return [];
    const relay = { relay: name, renewedAt: null, endsAt: null };
    try {
      const tokens = readTokens(loginFile(settings, name, password.settings));
      if (tokens === null) return [{ ...relay, trouble: "nobody has logged in yet" }];
      const { renewedAt, isOver, trouble } = tokens;
      const { idleMs } = clientOf(name, password.settings);
      const endsAt = tokens.endsAt ?? (idleMs === null ? null : renewedAt + idleMs);
      const state = { relay: name, renewedAt, endsAt };
      if (isOver) return [{ ...state, trouble: `it has ended: ${trouble ?? "refused"}` }];
      if (trouble !== null) return [{ ...state, trouble: `it cannot be renewed: ${trouble}` }];
      if (endsAt === null || endsAt - now > SOON_MS) return [{ ...state, trouble: null }];
      const day = new Date(endsAt).toISOString().slice(0, 10);
      return [{ ...state, trouble: endsAt <= now ? `it ended ${day}` : `it ends ${day}` }];
    } catch (error) {
      return [{ ...relay, trouble: errorText(error) }];
    }
  });
}

/** Renews the logins that end soon, or were not renewed for a day. What goes wrong is kept with the login,
 *  where `status` tells it, and a detail here: mail goes on by other relays. */
export async function renewLogins(
  { clock, tell }: Pick<App, "clock" | "tell">,
  settings: Pick<Settings, "relays" | "queue">,
): Promise<void> {
  for (const { name, password } of settings.relays) {
    if (password?.kind !== "oauth") continue;
    try {
      const client = clientOf(name, password.settings);
      const file = loginFile(settings, name, password.settings);
      const triedAt = lookAt(file)?.mtime?.getTime() ?? 0;
      const isResting = clock.now() - triedAt < REST_MS;
      if (isResting && readTokens(file)?.trouble !== null) continue;
      await accessToken(client, file, {
        now: () => clock.now(),
        renewedSince: clock.now() - RENEW_MS,
      });
    } catch (error) {
      tell.detail(`the login of the relay ${name}: ${errorText(error)}`);
    }
  }
}
