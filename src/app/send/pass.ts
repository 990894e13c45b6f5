// A pass over the queue as the settings want it: opens the relays, turns settings into the options
// of a pass, and runs it. Called by `send`, `run` and whatever queues mail of priority `now`. How
// mail is claimed and handed over is src/delivery's; what came of it is printed by the caller.

import type { RelaySettings } from "../../config/tables/relays.ts";
import type { Settings } from "../../config/settings.ts";
import type { ErrorHandler } from "../../delivery/error_handler.ts";
import type { Limits, PassOptions } from "../../delivery/options.ts";
import type { OutletPlan } from "../../delivery/outlets/outlet.ts";
import { type PassResult, runPass } from "../../delivery/pass.ts";
import type { OAuthSettings } from "../../queue/relay_target.ts";
import type { Relay } from "../../queue/ports/transport.ts";
import type { Claims } from "../../queue/ports/claims.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import { hexText } from "../../system/bytes.ts";
import { lookAt } from "../../system/files.ts";
import { openRelay } from "../../transport/open_relay.ts";
import type { RelayMemory } from "../../transport/smtp/connection/connect.ts";
import type { App } from "../app.ts";

/** What a pass takes of the program around it. */
export type PassApp = Pick<
  App,
  "clock" | "random" | "env" | "tell" | "stopSignal" | "wait" | "writeToConsole"
>;

/** Who listens to conversations with relays. */
interface Listener {
  /** Told each line as it is said, without secrets. */
  readonly onSaid?: (line: string) => void;
}

/** Of the time to stop in, what comes after the last message. */
const SPARE_MS = 1_000;

/** What a pass that had nothing to do comes to. */
export const NOTHING_SENT: PassResult = {
  sent: 0,
  deferred: 0,
  failed: 0,
  uncertain: 0,
  remaining: 0,
  stoppedBy: null,
  downRelays: [],
  resumeAt: null,
  pauses: [],
};

/** Runs one pass over the queue (or over `ids`), until done or told to stop. Throws as
 *  `passOptions` does, and if the store fails. */
export async function sendOnce(
  app: PassApp,
  settings: Settings,
  store: Claims & Reader,
  { ids, patienceMs, ...listener }:
    & Pick<PassOptions, "ids">
    & Pick<Limits, "patienceMs">
    & Listener = {},
): Promise<PassResult> {
  const options = await passOptions(app, settings, store, listener);
  using progress = await watchPass(app.tell, store, { ids, maxBatch: settings.maxBatch });
  return await runPass({
    ...options,
    ids,
    limits: { ...options.limits, patienceMs },
    onBegin: progress?.onBegin,
  });
}

/** Says how far the pass is, where somebody sees it. */
async function watchPass(
  tell: App["tell"],
  store: Reader,
  plan: Parameters<typeof import("./pass_progress.ts").passProgress>[2],
) {
  if (!tell.hearsProgress) return null;
  const { passProgress }: typeof import("./pass_progress.ts") = await import(
    import.meta.resolve("./pass_progress.ts")
  );
  return await passProgress(tell, store, plan);
}

/** A pass as the settings want it; what happens is told as events. Nothing is connected yet.
 *  Throws `config_invalid` for a relay that cannot be used. */
export async function passOptions(
  app: PassApp,
  settings: Settings,
  store: Claims & Reader,
  listener: Listener = {},
): Promise<PassOptions> {
  const { clock, random, tell, wait } = app;
  const relays: OutletPlan[] = [];
  for (const relay of settings.relays) {
    relays.push({
      relay: await openSettingsRelay(app, settings, relay, {
        ...listener,
        memory: await relayMemory(store, relay.name),
      }),
      concurrency: relay.concurrency ?? settings.concurrency,
      rate: relay.rate,
      settings: await fingerprintOf(relay, settings.hostname),
    });
  }
  return {
    store,
    outlets: { relays, routes: settings.routes, ratePerDomain: settings.ratePerDomain },
    judging: {
      policy: settings.retry,
      rules: settings.rules,
      errorHandler: settings.errorHandler === null
        ? null
        : await commandHandler(app, settings.errorHandler),
      isUncertainHeld: settings.isUncertainHeld,
    },
    limits: {
      maxBatch: settings.maxBatch,
      maxDeferred: settings.maxDeferred,
      throttleMs: settings.throttleMs,
      finishMs: settings.shutdownMs - Math.min(SPARE_MS, settings.shutdownMs / 2),
    },
    machine: { clock, random, wait },
    signal: app.stopSignal(),
    onAttempt: tell.hearsEvents
      ? (attempt, { isClaimLost }) => tell.event({ type: "attempt", attempt, isClaimLost })
      : undefined,
    onNews: tell.hearsEvents ? (news) => tell.event(news) : undefined,
  };
}

/** Tells a relay's settings from others. It is kept in the queue, and so short that it tells nobody
 *  the password. */
async function fingerprintOf(relay: RelaySettings, hostname: string): Promise<string> {
  const { password } = relay;
  const passwordAt = password?.kind === "file" ? changedAt(password.path) : null;
  const text = JSON.stringify([hostname, { ...relay, rate: null, concurrency: null }, passwordAt]);
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return hexText(new Uint8Array(hash, 0, FINGERPRINT_BYTES));
}

const FINGERPRINT_BYTES = 3;

/** When a file was changed last; null where that cannot be told. */
function changedAt(path: string): number | null {
  try {
    return lookAt(path)?.mtime?.getTime() ?? null;
  } catch {
    return null;
  }
}

/** The error handler of the settings. It is told no secret of ours, nor that a batch is open: what
 *  it queues is no part of that. The same trouble is told once. */
async function commandHandler(app: PassApp, command: string): Promise<ErrorHandler> {
  const { askErrorCommand }: typeof import("./error_command.ts") = await import(
    import.meta.resolve("./error_command.ts")
  );
  const { MAILQ_PASSWORD: _, MAILQ_PASSWORD_COMMAND: __, MAILQ_TX: ___, ...env } = app.env;
  const told = new Set<string>();
  const tools = {
    env,
    wait: app.wait,
    warn: (text: string) => {
      if (!told.has(text)) app.tell.warn(text);
      told.add(text);
    },
  };
  return (failure) => askErrorCommand(command, { ...failure }, tools);
}

/** Makes a relay of the settings; nothing is connected yet. Throws `config_invalid` for one that cannot
 *  be used. */
export async function openSettingsRelay(
  app: Pick<App, "env" | "writeToConsole">,
  settings: Settings,
  relay: RelaySettings,
  { onSaid, memory }: Listener & { readonly memory?: RelayMemory } = {},
): Promise<Relay> {
  return await openRelay(relay, {
    heloName: settings.hostname,
    credentialsFolder: app.env.CREDENTIALS_DIRECTORY ?? null,
    loginFile: relay.password?.kind === "oauth"
      ? await fileOfLogin(settings, relay.name, relay.password.settings)
      : null,
    write: (bytes) => Promise.resolve(app.writeToConsole(bytes)),
    env: app.env,
    onSaid,
    memory,
  });
}

async function fileOfLogin(
  settings: Settings,
  relay: string,
  oauth: OAuthSettings,
): Promise<string> {
  const { loginFile }: typeof import("../login/login_file.ts") = await import(
    import.meta.resolve("../login/login_file.ts")
  );
  return loginFile(settings, relay, oauth);
}

/** What the queue remembers of a relay: convenience. A queue that cannot be written now is told elsewhere. */
async function relayMemory(
  store: Pick<Claims, "relayFamily" | "noteFamily" | "noteCertificate">,
  relay: string,
): Promise<RelayMemory> {
  let known = await store.relayFamily(relay);
  let certificateEndsAt: number | null = null;
  return {
    get: () => known,
    note(family) {
      if (family === known) return;
      known = family;
      void store.noteFamily(relay, family).catch(() => {});
    },
    noteCertificate(endsAt) {
      if (endsAt === certificateEndsAt || !Number.isFinite(endsAt)) return;
      certificateEndsAt = endsAt;
      void store.noteCertificate(relay, endsAt).catch(() => {});
    },
  };
}
