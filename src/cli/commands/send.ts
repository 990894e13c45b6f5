import { buildCommand } from "@stricli/core";
import { formatDuration } from "../../queue/durations.ts";
import { MailqError } from "../../queue/errors.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { MessageStatus } from "../../queue/state.ts";
import type { Context } from "../frame/context.ts";
import { takeInDrops } from "../../app/drops/take_in.ts";
import { anyText, count, duration } from "../flags/parsers.ts";
import { queueExists } from "../frame/queue_path.ts";
import { spareForSearch } from "../../app/send/search_index.ts";
import { NOTHING_SENT, sendOnce, tellPass } from "../../app/send/pass.ts";
import { takeSendLock } from "../../app/send/lock.ts";
import { resolveIds } from "../../app/select.ts";

/** Messages of a short pass. */
const FEW = 500;

interface Flags {
  readonly maxBatch?: number;
  readonly maxDeferred?: number;
  readonly throttle?: number;
  readonly concurrency?: number;
  readonly lockWait?: number;
  readonly noLock?: boolean;
  readonly dryRun?: boolean;
  readonly strict?: boolean;
}

export const command = buildCommand<Flags, string[], Context>({
  async func(flags, ...prefixes) {
    const settings = await this.settings("all", {
      max_batch: flags.maxBatch,
      max_deferred: flags.maxDeferred,
      throttle: flags.throttle === undefined ? undefined : formatDuration(flags.throttle),
      concurrency: flags.concurrency,
    });
    const store = await this.store(settings, false, true);
    if (!flags.dryRun && queueExists(settings.queue)) await takeInDrops(this.app, settings, store);
    const ids = prefixes.length === 0 ? undefined : await resolveIds(store, prefixes);
    if (flags.dryRun) return await tellDue(this, store, ids);
    if (!queueExists(settings.queue)) {
      return await tellPass(this, NOTHING_SENT, flags.strict ?? false);
    }
    const isLocking = settings.usesLock && !flags.noLock;
    using lock = isLocking ? await takeSendLock(this, settings, flags.lockWait ?? 0) : null;
    if (isLocking && lock === null) {
      if (this.output.isJson) this.output.json({ ...NOTHING_SENT, stopped_by: "locked" });
      if (flags.strict) {
        throw new MailqError("busy", "Another pass is sending; wait with --lock-wait 5m");
      }
      return;
    }
    if (ids !== undefined) await makeDue(this, store, ids);
    const result = await sendOnce(this, settings, store, ids);
    // A pass over much mail has no time to spare: the next one has, or the search takes it.
    if (result.sent <= FEW) await spareForSearch(store);
    await tellPass(this, result, flags.strict ?? false);
  },
  parameters: {
    flags: {
      maxBatch: {
        kind: "parsed",
        parse: count,
        optional: true,
        brief: "Stop after so many messages sent",
        placeholder: "N",
      },
      maxDeferred: {
        kind: "parsed",
        parse: count,
        optional: true,
        brief: "Stop after so many messages deferred or failed",
        placeholder: "N",
      },
      throttle: {
        kind: "parsed",
        parse: duration,
        optional: true,
        brief: "Pause after each message: one at a time",
        placeholder: "DURATION",
      },
      concurrency: {
        kind: "parsed",
        parse: count,
        optional: true,
        brief: "Messages sent at the same time",
        placeholder: "N",
      },
      lockWait: {
        kind: "parsed",
        parse: duration,
        optional: true,
        brief: "Wait so long for another pass to end",
        placeholder: "DURATION",
      },
      noLock: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Send beside another pass",
      },
      dryRun: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Only list what would be sent, in order",
      },
      strict: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Exit 69 if the relay is down or mail failed, 75 if mail was deferred",
      },
    },
    positional: {
      kind: "array",
      parameter: {
        brief: "Only these messages, deferred ones too",
        placeholder: "ID",
        parse: anyText,
      },
    },
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

/** Messages named by a person are tried now, whatever their next try was to be. */
async function makeDue(context: Context, store: Store, ids: readonly string[]): Promise<void> {
  await store.retry({ ids }, false);
  for await (const message of store.list({ ids }, { sort: "oldest", after: null, limit: 0 })) {
    const isWaiting = message.sendAt !== null && message.sendAt > context.now();
    if (message.status === "queued" && !isWaiting) continue;
    context.output.note(`${message.id} is left alone: ${whyLeft(message.status)}`);
  }
}

function whyLeft(status: MessageStatus): string {
  if (status === "queued") return "it is scheduled for later";
  if (status === "sending") return "it is being sent";
  if (status === "held") return "it is held; `mailq release` lets it go";
  return `it is ${status}; \`mailq resend\` queues it again`;
}

async function tellDue(
  context: Context,
  store: Store,
  ids: readonly string[] | undefined,
): Promise<void> {
  const { output } = context;
  await store.takeOver();
  if ((await store.status()).paused !== null) output.note("the queue is paused: nothing is sent");
  const now = context.now();
  // Named messages are tried now, whatever their next try was to be.
  const statuses = ids === undefined ? ["queued" as const] : ["queued", "deferred"] as const;
  const due = (async function* () {
    const options = { sort: "priority", after: null, limit: 0 } as const;
    for await (const message of store.list({ statuses, ids }, options)) {
      const isExpired = message.expiresAt !== null && message.expiresAt <= now;
      if (!isExpired && (message.sendAt === null || message.sendAt <= now)) yield message;
    }
  })();
  const { tellMessages }: typeof import("../print/message_table.ts") = await import(
    import.meta.resolve("../print/message_table.ts")
  );
  const told = await tellMessages(context, due);
  if (told === 0 && !output.isJson) output.note("nothing is due");
}
