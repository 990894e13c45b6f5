// The families that the queue counts by itself: counters and histograms, from the counts that the store
// keeps (src/queue/counters.ts). Called by families.ts.

import {
  BEYOND,
  type CounterName,
  COUNTERS,
  type HistogramName,
  HISTOGRAMS,
  SUM,
} from "../../queue/counters.ts";
import type { StoredCount } from "../../queue/ports/counters.ts";
import type { Family, Labels, Sample } from "./open_metrics.ts";

const COUNTER_TEXTS: Readonly<
  Record<CounterName, { readonly name: string; readonly help: string }>
> = {
  enqueued: { name: "mailq_messages_enqueued", help: "Messages that came in, by way in." },
  attempts: { name: "mailq_attempts", help: "Attempts to hand a message to a relay." },
  recipients: {
    name: "mailq_recipients",
    help: "What attempts, expiry, cancelling and suppression meant for recipients; sent, failed, " +
      "expired, cancelled and suppressed are ends.",
  },
  relay_faults: { name: "mailq_relay_faults", help: "Times a relay was down or refused us." },
  purged: { name: "mailq_messages_purged", help: "Messages deleted from the queue." },
};

const HISTOGRAM_TEXTS: Readonly<
  Record<HistogramName, { readonly name: string; readonly help: string }>
> = {
  delivery_delay: {
    name: "mailq_delivery_delay_seconds",
    help: "From when a message might be sent until a relay took it, for each recipient.",
  },
  attempt_duration: { name: "mailq_attempt_duration_seconds", help: "How long attempts took." },
};

/** Counters and histograms; one that nothing was counted of has no samples, but for those without
 *  labels. */
export function countedFamilies(counts: readonly StoredCount[]): Family[] {
  const counters = entriesOf(COUNTER_TEXTS).map(([name, { name: shown, help }]): Family => {
    const own = counts.filter((one) => one.name === name);
    const samples = own.map(({ labels, value }) => ({
      labels: named(COUNTERS[name], labels),
      value,
    }));
    const isBare = COUNTERS[name].length === 0 && samples.length === 0;
    return { name: shown, type: "counter", help, samples: isBare ? [{ value: 0 }] : samples };
  });
  const histograms = entriesOf(HISTOGRAM_TEXTS).map(([name, { name: shown, help }]): Family => {
    const own = counts.filter((one) => one.name === name);
    return { name: shown, type: "histogram", unit: "seconds", help, samples: histogram(name, own) };
  });
  return [...counters, ...histograms];
}

function histogram(name: HistogramName, counts: readonly StoredCount[]): Sample[] {
  const { labels: names, bounds } = HISTOGRAMS[name];
  const rows = new Map<string, { readonly labels: Labels; readonly values: Map<string, number> }>();
  for (const { labels, value } of counts) {
    const own = labels.slice(0, names.length);
    const key = own.join("\n");
    const row = rows.get(key) ?? { labels: named(names, own), values: new Map<string, number>() };
    row.values.set(labels[names.length] ?? "", value);
    rows.set(key, row);
  }
  return [...rows.values()].flatMap(({ labels, values }): Sample[] => {
    let sum = 0;
    const buckets = [...bounds.map(String), BEYOND].map((le): Sample => {
      sum += values.get(le) ?? 0;
      return { suffix: "_bucket", labels: { ...labels, le: canonical(le) }, value: sum };
    });
    return [
      ...buckets,
      { suffix: "_sum", labels, value: values.get(SUM) ?? 0 },
      { suffix: "_count", labels, value: sum },
    ];
  });
}

/** OpenMetrics writes bounds as floating-point numbers. */
function canonical(le: string): string {
  return /^\d+$/.test(le) ? `${le}.0` : le;
}

function named(names: readonly string[], values: readonly string[]): Labels {
  return Object.fromEntries(names.map((name, n) => [name, values[n] ?? ""]));
}

function entriesOf<K extends string, V>(table: Readonly<Record<K, V>>): [K, V][] {
  // The keys of a literal are those of its type.
  return Object.entries(table) as [K, V][];
}
