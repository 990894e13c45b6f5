// `mailq run`: the service, or with --once one round of it. What a round does is src/delivery's;
// this file reads the settings anew, watches the drop folder and tells of trouble.

import { buildCommand } from "@stricli/core";
import { droppedBeside, takeInDrops } from "../../app/drops/take_in.ts";
import { DropWatch } from "../../app/drops/watch.ts";
import { emptyInbox, watchInbox } from "../../app/inbox/of_store.ts";
import { ServiceListeners } from "../../app/listen/thread/service_listeners.ts";
import { tellAtEnd } from "../../app/hooks/at_end.ts";
import { tellTools } from "../../app/hooks/state.ts";
import { HookTellers } from "../../app/hooks/tellers.ts";
import { Reporter } from "../../app/reports/make_reports.ts";
import { passOptions } from "../../app/send/pass.ts";
import { keepLogins, renewAhead } from "../../app/send/renew_ahead.ts";
import { watchForStalls } from "../../app/service/stall_watch.ts";
import { Supervision } from "../../app/service/supervision.ts";
import { lookForStall } from "../../app/send/stall.ts";
import type { Settings } from "../../config/settings.ts";
import { KeptConnections } from "../../delivery/outlets/kept_connections.ts";
import { runService, type ServicePlan } from "../../delivery/service.ts";
import { formatDuration } from "../../queue/durations.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import { hasWalResetBug, sqliteVersion } from "../../system/sqlite_version.ts";
import { type FlagsOf, span, toggle } from "../flags/builders.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { Context } from "../frame/context.ts";
import { VERSION } from "../frame/version.ts";
import { openLog } from "../log/open_log.ts";
import { printPass } from "../print/pass.ts";

const FLAGS = {
  interval: span({ brief: "The longest pause between two rounds [30s]" }),
  once: toggle("One round, for cron: requeue what is due, send, expire, purge"),
};

export const command = buildCommand<FlagsOf<typeof FLAGS>, [], Context>({
  async func(flags) {
    const { output, machine } = this;
    const given = {
      interval: flags.interval === undefined ? undefined : formatDuration(flags.interval),
    };
    const settings = await this.settings("all", given);
    const logAs = (fresh: typeof settings) => openLog(this, fresh, { isOnByDefault: !flags.once });
    await logAs(settings);
    let current = settings;
    const store = await this.openQueue(settings, {
      create: true,
      isWorker: true,
      keepsBodies: () => current.keepsBodies,
      holdsUncertain: () => current.isUncertainHeld,
    });
    const kept = new KeptConnections(machine.wait);
    const planOf = async (fresh: typeof settings): Promise<ServicePlan> => {
      const pass = await passOptions(this.app, fresh, store);
      return {
        pass: {
          ...pass,
          outlets: { ...pass.outlets, relays: kept.replace(pass.outlets.relays) },
        },
        intervalMs: fresh.intervalMs,
        retention: fresh.retention,
      };
    };
    let plan = await planOf(settings);
    const waiting = new Set<() => void>();
    // From before it says that it is up: a SIGHUP that nobody waits for ends the process.
    let reload: (() => Promise<void>) | null = null;
    let isReloadAsked = false;
    using _reload = machine.onReload(() => {
      isReloadAsked = true;
      void reload?.();
    });
    this.stopSignal();
    noteAffectedSqlite(this);
    const told = `sending from ${settings.queue}`;
    const hookTools = tellTools(this.app, settings, store, (text) => output.warn(text));
    await store.beginHooks(settings.hooks.map(({ name }) => name));
    await store.wantReports(settings.bounce.to !== null);
    const reporter = new Reporter(this.app, store);
    await using tellers = new HookTellers(hookTools);
    if (!flags.once) await tellers.replace(settings.hooks);
    let listeners: ServiceListeners | null = null;
    const readAnew = async () => {
      try {
        const fresh = await this.settings("all", given);
        await listeners?.reload(fresh);
        plan = await planOf(fresh);
        await logAs(fresh);
        current = fresh;
        await tellers.replace(fresh.hooks);
        if (fresh.queue !== settings.queue) {
          output.warn(`the queue stays ${settings.queue} until mailq is started anew`);
        }
        output.detail("settings read anew");
        for (const listener of waiting) listener();
      } catch (error) {
        output.warn(`the settings stay as they were: ${errorText(error)}`);
      }
    };
    await using _taking = flags.once ? await takeInDrops(this.app, settings, store) : null;
    if (flags.once) await emptyInbox(this.app, settings, store);
    if (flags.once) await renewAhead(this.app, settings);
    await using _logins = flags.once ? null : keepLogins(this.app, () => current);
    const beside = droppedBeside(settings);
    await using _drops = flags.once || beside === null
      ? null
      : new DropWatch(this.app, () => current, beside);
    await using _inbox = flags.once ? null : await watchInbox(this.app, () => current, store);
    if (!flags.once) listeners = await startListeners(this, settings, given);
    await using _listeners = listeners;
    await using supervision = flags.once ? null : new Supervision(this.app, told);
    await using _http = supervision === null
      ? null
      : await serveHttp(this, { store, kept, current: () => current, supervision });
    await using _stalls = flags.once ? null : watchForStalls(this.app, () => current, store);
    output.detail(told);
    reload = readAnew;
    if (isReloadAsked) await readAnew();
    try {
      await runService({
        store,
        plans: {
          current: () => plan,
          onChange(listener) {
            waiting.add(listener);
            return { [Symbol.dispose]: () => void waiting.delete(listener) };
          },
        },
        machine,
        signal: listeners === null
          ? this.stopSignal()
          : AbortSignal.any([this.stopSignal(), listeners.failed]),
        isOnce: flags.once ?? false,
        onRound: flags.once ? (result) => printPass(output, result) : undefined,
        afterRound: () => reporter.make(current),
        onWell: () => supervision?.noteTrouble(null),
        onProgress: (ms) => supervision?.noteProgress(ms),
        onTrouble: (error) => {
          output.warn(`${error.message}; trying again`);
          supervision?.noteTrouble(error.message);
        },
      });
      listeners?.check();
      if (flags.once) await lookForStall(this.app, settings, store);
      if (flags.once) await tellAtEnd(settings.hooks, hookTools, this.stopSignal());
    } catch (error) {
      // A newer mailq has changed the queue under us: the service manager starts the new one.
      if (error instanceof MailqError && error.code === "queue_newer") {
        throw new MailqError("busy", error.message, { cause: error });
      }
      throw error;
    } finally {
      await kept.close();
    }
  },
  parameters: { flags: FLAGS },
  docs: {
    brief: "Run the service: send mail as soon as it is queued",
    fullDescription:
      `Sends mail as soon as any process has queued it, requeues deferred mail when it is
due, takes over from processes that died, expires, and purges by retention.*. Tells the
[[hook]]s of the settings of events as they happen.
SIGTERM finishes what is being sent and exits 0; SIGHUP reads the settings anew.
Takes mail by SMTP where [listen] says so.

  mailq run
  mailq run --once              (crontab, in place of send, retry and purge)`,
  },
});

/** The listeners of [listen], which read the settings as this command does. */
async function startListeners(
  context: Context,
  settings: Settings,
  flags: Readonly<Record<string, string | undefined>>,
): Promise<ServiceListeners> {
  const { globals, machine } = context;
  return await ServiceListeners.start(settings, {
    tell: context.output,
    stopSignal: context.stopSignal(),
    opening: {
      flags: { queue: globals.queue ?? undefined, ...flags },
      configFile: globals.config,
      user: machine.user(),
    },
  });
}

/** Serves metrics and health where `listen.http` says; what it says at the start holds until the end. */
async function serveHttp(
  { app, machine, output }: Context,
  { store, kept, current, supervision }: {
    readonly store: Store;
    readonly kept: KeptConnections;
    readonly current: () => Settings;
    readonly supervision: Supervision;
  },
): Promise<AsyncDisposable | null> {
  const { listen } = current();
  if (listen === null || listen.http.length === 0) return null;
  const { HttpService }: typeof import("../../app/http/service.ts") = await import(
    import.meta.resolve("../../app/http/service.ts")
  );
  const { readMonitoring }: typeof import("../../app/http/pages.ts") = await import(
    import.meta.resolve("../../app/http/pages.ts")
  );
  const service = await HttpService.start(listen, {
    env: app.env,
    onTrouble: (text) => output.warn(text),
    answer: (request) =>
      readMonitoring(request, {
        store,
        settings: current(),
        supervision,
        connections: kept.counts,
        now: machine.clock.now(),
        version: VERSION,
      }),
  });
  for (const place of service.places) output.note(`metrics are served on ${place}`);
  return service;
}

function noteAffectedSqlite({ output }: Context): void {
  const version = sqliteVersion();
  if (hasWalResetBug(version)) {
    output.detail(`SQLite ${version} can, very rarely, damage a database in WAL mode`);
  }
}
