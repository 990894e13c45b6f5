// `mailq send`: one pass over the queue, or over the messages named. The pass itself is
// src/app/send's; this file decides when there is one, and prints what came of it.

import { buildCommand } from "@stricli/core";
import { takeInDrops } from "../../app/drops/take_in.ts";
import { emptyInbox } from "../../app/inbox/of_store.ts";
import { resolveIds } from "../../app/select.ts";
import { dueMessages, makeDue } from "../../app/send/due.ts";
import { type SendLock, takeSendLock } from "../../app/send/lock.ts";
import { NOTHING_SENT, sendOnce } from "../../app/send/pass.ts";
import { renewAhead } from "../../app/send/renew_ahead.ts";
import { lookForStall } from "../../app/send/stall.ts";
import { spareForSearch } from "../../app/send/search_index.ts";
import type { Settings } from "../../config/settings.ts";
import type { PassResult } from "../../delivery/pass.ts";
import { formatDuration } from "../../queue/durations.ts";
import { MailqError } from "../../queue/errors.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { MessageStatus } from "../../queue/state.ts";
import { queueExists } from "../../store/open.ts";
import { count, type FlagsOf, manyArguments, span, toggle } from "../flags/builders.ts";
import { refuseIdsAndAll } from "../flags/filter.ts";
import type { Context } from "../frame/context.ts";
import { openLog } from "../log/open_log.ts";
import { judgeStrictly, printPass } from "../print/pass.ts";
import { printHeld, printWait } from "../print/send_lock.ts";

/** Messages of a short pass. */
const FEW = 500;
/** So many commits of old events are deleted by a pass: there are many passes. */
const EVENT_COMMITS = 20;

const FLAGS = {
  maxBatch: count("Stop after so many messages sent"),
  maxDeferred: count("Stop after so many messages deferred or failed"),
  throttle: span({ brief: "Pause after each message: one at a time" }),
  concurrency: count("Messages sent at the same time"),
  lockWait: span({ brief: "Wait so long for another pass to end" }),
  noLock: toggle("Send beside another pass"),
  all: toggle("Everything that is queued, as without an ID"),
  dryRun: toggle("Only list what would be sent, in order"),
  strict: toggle("Exit 69 if the relay is down or mail failed, 75 if mail was deferred"),
};
type Flags = FlagsOf<typeof FLAGS>;

export const command = buildCommand<Flags, string[], Context>({
  async func(flags, ...prefixes) {
    refuseIdsAndAll(prefixes, flags.all ?? false);
    const settings = await this.settings("all", {
      max_batch: flags.maxBatch,
      max_deferred: flags.maxDeferred,
      throttle: flags.throttle === undefined ? undefined : formatDuration(flags.throttle),
      concurrency: flags.concurrency,
    });
    await openLog(this, settings, { isOnByDefault: false });
    const store = await this.openQueue(settings, { create: false, isWorker: true });
    const isThere = queueExists(settings.queue);
    await using _drops = flags.dryRun || !isThere
      ? null
      : await takeInDrops(this.app, settings, store);
    if (!flags.dryRun) await emptyInbox(this.app, settings, store);
    const ids = prefixes.length === 0 ? undefined : await resolveIds(store, prefixes);
    if (flags.dryRun) return await printDue(this, settings, store, ids);
    let result = NOTHING_SENT;
    const { hooks } = settings;
    if (isThere && hooks.length > 0) await store.beginHooks(hooks.map(({ name }) => name));
    if (isThere) {
      using lock = await lockFor(this, settings, flags);
      if (lock === null) {
        // The pass that has it may hang.
        await lookForStall(this.app, settings, store);
        if (hooks.length > 0) await tellHooks(this, settings, store);
        return;
      }
      if (ids !== undefined) await makeNamedDue(this, store, ids);
      await renewAhead(this.app, settings);
      await store.wantReports(settings.bounce.to !== null);
      result = await sendOnce(this.app, settings, store, { ids });
      if (settings.bounce.to !== null) await reportFailures(this, settings, store);
      // A pass over much mail has no time to spare: the next one has, or the search takes it.
      if (result.sent <= FEW) await spareForSearch(store);
      await lookForStall(this.app, settings, store);
      await store.purgeEvents(this.now() - settings.retention.eventsMs, EVENT_COMMITS);
    }
    await printPass(this.output, result);
    if (ids === undefined) await noteDeferred(this, store, result);
    if (isThere && hooks.length > 0) await tellHooks(this, settings, store);
    if (flags.strict) await judgeStrictly(result);
  },
  parameters: {
    flags: FLAGS,
    positional: manyArguments({
      brief: "Only these messages, deferred ones too",
      placeholder: "ID",
    }),
  },
  docs: {
    brief: "Send what is queued: one pass over the queue",
    fullDescription: `Hands every queued message to the relay and records each recipient's reply.
Deferred mail waits for \`mailq retry\`, unless it is named. Under cron it is quiet:
another pass at work, a paused queue and a relay that is down are told only at a
terminal or with --verbose; \`mailq status --nagios\` is what alarms.

  mailq send
  mailq send --max-batch 500 --throttle 200ms
  mailq send 7kq3vd
  * * * * *  mailq send          (crontab)`,
  },
});

/** Tells hooks what has happened, when the next pass may begin: one that hangs keeps no mail back. What
 *  fails is told by `hooks` and `status`: cron would make a mail of each word. */
async function tellHooks(context: Context, settings: Settings, store: Store): Promise<void> {
  const { app, output } = context;
  output.flush();
  const { tellAtEnd }: typeof import("../../app/hooks/at_end.ts") = await import(
    import.meta.resolve("../../app/hooks/at_end.ts")
  );
  const { tellTools }: typeof import("../../app/hooks/state.ts") = await import(
    import.meta.resolve("../../app/hooks/state.ts")
  );
  const tools = tellTools(app, settings, store, (text) => output.detail(text));
  await tellAtEnd(settings.hooks, tools, context.stopSignal());
}

/** Queues what senders are to be told, for the next pass. */
async function reportFailures({ app }: Context, settings: Settings, store: Store): Promise<void> {
  const { Reporter }: typeof import("../../app/reports/make_reports.ts") = await import(
    import.meta.resolve("../../app/reports/make_reports.ts")
  );
  await new Reporter(app, store).make(settings);
}

const NO_LOCK: SendLock = { kind: "taken", [Symbol.dispose]() {} };

/** The lock, or what stands for one where none is wanted; null if another pass has it, which is
 *  printed. Throws `busy` then under `--strict`. */
async function lockFor(
  { app, output }: Context,
  settings: Settings,
  { noLock, lockWait = 0, strict }: Flags,
): Promise<SendLock | null> {
  if (noLock || !settings.usesLock) return NO_LOCK;
  const lock = await takeSendLock(app, settings, {
    waitMs: lockWait,
    onWait: (held) => printWait(output, held),
    onWaiting: (leftMs) => output.progress(`waiting for the lock, ${inSeconds(leftMs)} left`),
  });
  output.progress(null);
  if (lock.kind === "taken") return lock;
  printHeld(output, lock);
  if (output.isJson) output.json({ ...NOTHING_SENT, stopped_by: "locked" });
  if (strict) throw new MailqError("busy", "Another pass is sending; wait with --lock-wait 5m");
  return null;
}

function inSeconds(ms: number): string {
  return formatDuration(Math.ceil(ms / 1_000) * 1_000);
}

/** Makes the messages named due, and says which are not sent nevertheless. */
async function makeNamedDue(
  { output, machine }: Context,
  store: Store,
  ids: readonly string[],
): Promise<void> {
  for (const { id, status } of await makeDue(store, ids, machine.clock.now())) {
    output.note(`${id} is left alone: ${whyLeft(status)}`);
  }
}

function whyLeft(status: MessageStatus): string {
  if (status === "queued") return "it is scheduled for later";
  if (status === "sending") return "it is being sent";
  if (status === "held") return "it is held; `mailq release` lets it go";
  return `it is ${status}; \`mailq resend\` queues it again`;
}

/** Tells whoever wonders why nothing was sent of the mail that waits for its next try. */
async function noteDeferred(
  { output, machine }: Context,
  store: Store,
  { sent, deferred, failed, uncertain, remaining }: PassResult,
): Promise<void> {
  const isIdle = sent + deferred + failed + uncertain + remaining === 0;
  if (!isIdle || !output.isWatched || output.isJson) return;
  const waiting = { statuses: ["deferred"] } as const;
  const first = { sort: "next", after: null, limit: 1 } as const;
  for await (const { nextAttemptAt } of store.list(waiting, first)) {
    if (nextAttemptAt === null) return;
    const { formatMoment }: typeof import("../../display/timestamps.ts") = await import(
      import.meta.resolve("../../display/timestamps.ts")
    );
    const count = await store.count(waiting);
    output.note(
      `${count} deferred, the next try ${formatMoment(nextAttemptAt, machine.clock.now())}; ` +
        `\`mailq retry\` queues ${count === 1 ? "it" : "them"} at once`,
    );
  }
}

async function printDue(
  { output, machine }: Context,
  settings: Settings,
  store: Store,
  ids: readonly string[] | undefined,
): Promise<void> {
  await store.takeOver();
  if ((await store.status()).paused !== null) output.note("the queue is paused: nothing is sent");
  const now = machine.clock.now();
  const { printMessages }: typeof import("../print/message_table.ts") = await import(
    import.meta.resolve("../print/message_table.ts")
  );
  const { readHindrances }: typeof import("../../app/status/hindrances.ts") = await import(
    import.meta.resolve("../../app/status/hindrances.ts")
  );
  const due = dueMessages(store, ids, now);
  const hindrances = await readHindrances(store, settings, now);
  const printed = await printMessages(output, due, { now, isPaused: false, hindrances });
  if (printed === 0 && !output.isJson) output.note("nothing is due");
}
