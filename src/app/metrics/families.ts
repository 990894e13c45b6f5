// What a monitor is told of a queue, as families of metrics: from figures that are read already. Pure.
// gather.ts reads them; open_metrics.ts makes the text. No label is an address, a subject or a host.

import type { StoredFigures } from "../../queue/ports/counters.ts";
import { isLeftAlone } from "../../queue/policy/breaker.ts";
import { type Rate, type RateUse, usedOf } from "../../queue/policy/rate.ts";
import { STORED_STATUSES } from "../../queue/state.ts";
import type { HealthFigures, QueueStatus } from "../../queue/status.ts";
import { countedFamilies } from "./counted.ts";
import type { Family, Sample } from "./open_metrics.ts";

/** A relay of the settings. */
interface MeteredRelay {
  readonly name: string;
  readonly concurrency: number;
  readonly rate: Rate | null;
}

/** Sizes on disk in bytes; null where the queue is no file. */
export interface DiskFigures {
  readonly queueBytes: number;
  readonly logBytes: number;
  /** Of the disk that it is on; null where the system does not tell. */
  readonly freeBytes: number | null;
  readonly totalBytes: number | null;
}

/** How far a hook is. */
interface MeteredHook {
  readonly name: string;
  /** Events that it was not told of yet. */
  readonly behind: number;
  /** When the first of them happened, ms since 1970; null if there is none. */
  readonly oldestAt: number | null;
  readonly failures: number;
}

/** All that is told. */
interface Measured {
  readonly now: number;
  readonly status: QueueStatus;
  readonly health: HealthFigures;
  readonly stored: StoredFigures;
  readonly rateUses: ReadonlyMap<string, RateUse>;
  readonly relays: readonly MeteredRelay[];
  readonly hooks: readonly MeteredHook[];
  /** Connections that this process has open, by relay; null where none is kept. */
  readonly connections: ReadonlyMap<string, number> | null;
  readonly disk: DiskFigures | null;
  /** Files in the drop folder. */
  readonly dropped: number;
  readonly build: { readonly version: string; readonly deno: string };
}

export function families(measured: Measured): Family[] {
  const { status, health, stored, dropped, build, now } = measured;
  return [
    gauge("mailq_build_info", "The program.", [{ labels: { ...build }, value: 1 }]),
    gauge("mailq_messages", "Messages in the queue, by status.", statusSamples(status)),
    gauge(
      "mailq_recipients_open",
      "Recipients that wait, by the status of their message.",
      STORED_STATUSES.flatMap((name) => {
        const value = stored.openRecipients.get(name);
        return value === undefined ? [] : [{ labels: { status: name }, value }];
      }),
    ),
    age("mailq_oldest_queued_age_seconds", "How long the oldest queued message waits.", {
      since: status.oldestQueuedAt,
      now,
    }),
    age("mailq_oldest_deferred_age_seconds", "How long the oldest deferred message waits.", {
      since: health.oldestDeferredFrom,
      now,
    }),
    age("mailq_overdue_age_seconds", "How long deferred mail has been due that nobody queued.", {
      since: status.oldestDueAt ?? null,
      now,
    }),
    gauge("mailq_failed_last_day", "Messages that failed, wholly or in part, within a day.", [
      { value: health.failed },
    ]),
    gauge("mailq_drops_waiting", "Files in the drop folder.", [{ value: dropped }]),
    gauge("mailq_suppressed_addresses", "Addresses on the do-not-send list.", [
      { value: stored.suppressions },
    ]),
    gauge("mailq_paused", "Whether the whole queue is paused.", [
      { value: status.paused === null ? 0 : 1 },
    ]),
    gauge("mailq_stalled", "Whether the queue stands still: see the event queue.stalled.", [
      { value: status.stalledAt === null ? 0 : 1 },
    ]),
    gauge(
      "mailq_pauses",
      "Pauses of parts of the mail, by what they are of.",
      pauseSamples(status),
    ),
    ...workerFamilies(measured),
    ...relayFamilies(measured),
    ...hookFamilies(measured),
    ...diskFamilies(measured.disk),
    ...countedFamilies(stored.counts),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: "gauge", help, samples };
}

function seconds(name: string, help: string, samples: readonly Sample[]): Family {
  return { ...gauge(name, help, samples), unit: "seconds" };
}

function age(
  name: string,
  help: string,
  { since, now }: { readonly since: number | null; readonly now: number },
): Family {
  return seconds(name, help, [{ value: since === null ? 0 : Math.max(0, now - since) / 1000 }]);
}

function statusSamples(status: QueueStatus): Sample[] {
  return STORED_STATUSES.map((name) => ({ labels: { status: name }, value: status[name] }));
}

function pauseSamples({ pauses }: QueueStatus): Sample[] {
  return (["relay", "sender", "domain", "tag"] as const).flatMap((scope) =>
    [true, false].map((isAutomatic) => ({
      labels: { scope, by: isAutomatic ? "mailq" : "person" },
      value: pauses.filter((one) => one.scope === scope && one.isAutomatic === isAutomatic).length,
    }))
  );
}

function workerFamilies({ status: { workers, lastRoundAt } }: Measured): Family[] {
  const kinds = [...new Set(["run", "send", ...workers.map(({ kind }) => kind)])];
  const ofKind = (kind: string) => workers.filter((worker) => worker.kind === kind);
  return [
    gauge(
      "mailq_workers",
      "Processes at work on the queue.",
      kinds.map((kind) => ({ labels: { kind }, value: ofKind(kind).length })),
    ),
    seconds(
      "mailq_worker_heartbeat_timestamp_seconds",
      "When the one of these processes showed that it goes round that has not done so for longest.",
      kinds.filter((kind) => ofKind(kind).length > 0).map((kind) => ({
        labels: { kind },
        value: Math.min(...ofKind(kind).map(({ heartbeatAt }) => heartbeatAt)) / 1000,
      })),
    ),
    seconds(
      "mailq_last_round_timestamp_seconds",
      "When a pass or the service last finished a round; absent if none ever did.",
      lastRoundAt === null ? [] : [{ value: lastRoundAt / 1000 }],
    ),
  ];
}

function relayFamilies(measured: Measured): Family[] {
  const { relays, status, stored, connections, rateUses, now } = measured;
  const troubled = new Map(status.relays.map((relay) => [relay.name, relay]));
  const each = (value: (relay: MeteredRelay) => number | null): Sample[] =>
    relays.flatMap((relay) => {
      const figure = value(relay);
      return figure === null ? [] : [{ labels: { relay: relay.name }, value: figure }];
    });
  return [
    gauge(
      "mailq_relay_up",
      "0 if the relay is left alone since it is down or refuses our mail.",
      each(({ name }) => {
        const known = troubled.get(name);
        return known !== undefined && isLeftAlone(known, now) ? 0 : 1;
      }),
    ),
    gauge(
      "mailq_relay_faults_in_a_row",
      "Faults since the relay last took mail.",
      each(({ name }) => troubled.get(name)?.failures ?? 0),
    ),
    seconds(
      "mailq_relay_down_since_timestamp_seconds",
      "When the relay's faults in a row began; absent while it is well.",
      each(({ name }) => {
        const since = troubled.get(name)?.downSince ?? null;
        return since === null ? null : since / 1000;
      }),
    ),
    gauge(
      "mailq_relay_connections",
      "Connections to the relay that the service has open; told by the service alone.",
      each(({ name }) => connections === null ? null : connections.get(name) ?? 0),
    ),
    seconds(
      "mailq_relay_certificate_expiry_timestamp_seconds",
      "When the certificate ends that the relay showed last; absent if it showed none.",
      each(({ name }) => {
        const endsAt = stored.certificateEnds.get(name);
        return endsAt === undefined ? null : endsAt / 1000;
      }),
    ),
    gauge(
      "mailq_relay_connections_limit",
      "Connections that the relay is given at most: by the settings, or as was learned of it.",
      each(({ name, concurrency }) =>
        Math.min(concurrency, troubled.get(name)?.limits?.connections ?? Infinity)
      ),
    ),
    gauge(
      "mailq_relay_learned_messages_per_second",
      "The speed that the relay was found to bear; absent where it takes all.",
      each(({ name }) => troubled.get(name)?.limits?.rate ?? null),
    ),
    {
      ...gauge(
        "mailq_relay_rate_used_ratio",
        "How much of the relay's rate is used, from 0 to 1.",
        each(({ name, rate }) =>
          rate === null ? null : usedOf(rateUses.get(`relay:${name}`) ?? null, rate, now)
        ),
      ),
      unit: "ratio",
    },
  ];
}

function hookFamilies({ hooks, now }: Measured): Family[] {
  const each = (value: (hook: MeteredHook) => number): Sample[] =>
    hooks.map((hook) => ({ labels: { hook: hook.name }, value: value(hook) }));
  return [
    gauge(
      "mailq_hook_events_behind",
      "Events that the hook was not told of yet.",
      each(
        ({ behind }) => behind,
      ),
    ),
    seconds(
      "mailq_hook_lag_seconds",
      "How long ago the first of these events happened.",
      each(({ oldestAt }) => oldestAt === null ? 0 : Math.max(0, now - oldestAt) / 1000),
    ),
    gauge(
      "mailq_hook_failures_in_a_row",
      "Failures since the hook was last told.",
      each(
        ({ failures }) => failures,
      ),
    ),
  ];
}

function diskFamilies(disk: DiskFigures | null): Family[] {
  if (disk === null) return [];
  const bytes = (name: string, help: string, value: number | null): Family => ({
    ...gauge(name, help, value === null ? [] : [{ value }]),
    unit: "bytes",
  });
  return [
    bytes("mailq_queue_file_bytes", "The queue's file.", disk.queueBytes),
    bytes("mailq_queue_log_bytes", "The write-ahead log beside it.", disk.logBytes),
    bytes("mailq_disk_free_bytes", "Room on the disk of the queue.", disk.freeBytes),
    bytes("mailq_disk_size_bytes", "The size of that disk.", disk.totalBytes),
  ];
}
