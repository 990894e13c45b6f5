// What a monitor is set up with: alert rules for Prometheus, a dashboard for Grafana. `mailq init` prints
// them. The names in them are those of src/app/metrics; tests hold them to that.

interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: "warning" | "critical";
  readonly summary: string;
}

const ALERTS: readonly Alert[] = [
  {
    name: "MailqStalled",
    expr: "time() - mailq_last_round_timestamp_seconds > 900",
    for: "0m",
    severity: "critical",
    summary: "No pass over the mail queue has ended for {{ $value | humanizeDuration }}.",
  },
  {
    name: "MailqOldMail",
    expr: "mailq_oldest_queued_age_seconds > 900 or mailq_oldest_deferred_age_seconds > 3600",
    for: "0m",
    severity: "warning",
    summary: "The oldest mail waits for {{ $value | humanizeDuration }}: mailq status.",
  },
  {
    name: "MailqOverdue",
    expr: "mailq_overdue_age_seconds > 900",
    for: "0m",
    severity: "critical",
    summary: "Deferred mail is due and nobody sends it: is mailq run, or cron, at work?",
  },
  {
    name: "MailqRelayDown",
    expr: "mailq_relay_up == 0",
    for: "15m",
    severity: "warning",
    summary: "The relay {{ $labels.relay }} is down or refuses our mail: mailq problems.",
  },
  {
    name: "MailqCertificateEnds",
    expr: "mailq_relay_certificate_expiry_timestamp_seconds - time() < 7 * 86400",
    for: "1h",
    severity: "warning",
    summary: "The certificate of the relay {{ $labels.relay }} ends within a week.",
  },
  {
    name: "MailqHookBehind",
    expr: "mailq_hook_lag_seconds > 3600",
    for: "0m",
    severity: "warning",
    summary: "The hook {{ $labels.hook }} was not told for an hour: mailq hooks.",
  },
  {
    name: "MailqFailed",
    expr: 'increase(mailq_recipients_total{result=~"failed|expired"}[1h]) > 0',
    for: "0m",
    severity: "warning",
    summary: "Mail has failed for {{ $value }} recipients within an hour: mailq problems.",
  },
  {
    name: "MailqPaused",
    expr: 'mailq_paused == 1 or mailq_pauses{by="mailq"} > 0',
    for: "15m",
    severity: "warning",
    summary: "The mail queue, or a part of it, is paused: mailq status.",
  },
  {
    name: "MailqDiskFull",
    expr: "mailq_disk_free_bytes / mailq_disk_size_bytes < 0.05",
    for: "5m",
    severity: "critical",
    summary: "The disk of the mail queue is nearly full.",
  },
];

/** Alert rules, as a file of Prometheus. */
export function prometheusRules(): string {
  const rules = ALERTS.map(({ name, expr, for: lasting, severity, summary }) =>
    `      - alert: ${name}
        expr: ${JSON.stringify(expr)}
        for: ${lasting}
        labels:
          severity: ${severity}
        annotations:
          summary: ${JSON.stringify(summary)}
`
  );
  return `# /etc/prometheus/mailq.rules.yml; in prometheus.yml:
#   rule_files: [mailq.rules.yml]
#   scrape_configs:
#     - job_name: mailq
#       static_configs: [{ targets: ["127.0.0.1:9877"] }]
# with listen.http = "127.0.0.1:9877" in mailq's settings.
groups:
  - name: mailq
    rules:
${rules.join("")}`;
}

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly targets: readonly (readonly [expr: string, legend: string])[];
}

const RATE = "[$__rate_interval]";

const PANELS: readonly Panel[] = [
  {
    title: "Waiting",
    unit: "short",
    targets: [[
      'mailq_messages{status=~"queued|sending|deferred|held|scheduled"}',
      "{{status}}",
    ]],
  },
  {
    title: "Oldest",
    unit: "s",
    targets: [
      ["mailq_oldest_queued_age_seconds", "queued"],
      ["mailq_oldest_deferred_age_seconds", "deferred"],
    ],
  },
  {
    title: "Recipients by result",
    unit: "ops",
    targets: [[`sum by (result) (rate(mailq_recipients_total${RATE}))`, "{{result}}"]],
  },
  {
    title: "Mail that comes in",
    unit: "ops",
    targets: [[`sum by (way) (rate(mailq_messages_enqueued_total${RATE}))`, "{{way}}"]],
  },
  {
    title: "Delay until a relay took it",
    unit: "s",
    targets: [0.5, 0.95, 0.99].map((q) =>
      [
        `histogram_quantile(${q}, sum by (le) (rate(mailq_delivery_delay_seconds_bucket${RATE})))`,
        `p${q * 100}`,
      ] as const
    ),
  },
  {
    title: "Relays",
    unit: "short",
    targets: [
      ["mailq_relay_up", "{{relay}} up"],
      ["mailq_relay_faults_in_a_row", "{{relay}} faults in a row"],
    ],
  },
  {
    title: "Duration of attempts, p95",
    unit: "s",
    targets: [[
      "histogram_quantile(0.95, sum by (le, relay) " +
      `(rate(mailq_attempt_duration_seconds_bucket${RATE})))`,
      "{{relay}}",
    ]],
  },
  {
    title: "Disk",
    unit: "bytes",
    targets: [
      ["mailq_queue_file_bytes", "queue"],
      ["mailq_queue_log_bytes", "log"],
      ["mailq_disk_free_bytes", "free"],
    ],
  },
];

const WIDTH = 12;
const HEIGHT = 8;

/** A dashboard, as Grafana imports it. */
export function grafanaDashboard(): string {
  const datasource = { type: "prometheus", uid: "${datasource}" };
  const panels = PANELS.map(({ title, unit, targets }, n) => ({
    id: n + 1,
    type: "timeseries",
    title,
    datasource,
    gridPos: {
      x: (n % 2) * WIDTH,
      y: Math.floor(n / 2) * HEIGHT,
      w: WIDTH,
      h: HEIGHT,
    },
    fieldConfig: { defaults: { unit }, overrides: [] },
    targets: targets.map(([expr, legendFormat], i) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + i),
      expr,
      legendFormat,
      datasource,
    })),
  }));
  const dashboard = {
    title: "mailq",
    uid: "mailq",
    schemaVersion: 39,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    templating: {
      list: [{ name: "datasource", type: "datasource", query: "prometheus", label: "Data source" }],
    },
    panels,
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
