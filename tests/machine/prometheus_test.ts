import assert from "node:assert/strict";
import { childOk, endChild, Heard, runChild, startChild } from "../support/child.ts";
import { mail, Mailq } from "../support/mailq.ts";
import { SmtpServer } from "../support/smtp_server.ts";
import { openQueue, Running } from "../e2e/support/running.ts";
import { require } from "./requirements.ts";

/** What a query of Prometheus finds. */
interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

const PROMTOOL = "/usr/bin/promtool";
const PROMETHEUS = "/usr/bin/prometheus";

Deno.test("init prometheus: promtool finds nothing wrong with the rules", async () => {
  require(PROMTOOL);
  await using mailq = await Mailq.make();
  const rules = `${mailq.folder}/rules.yml`;
  await Deno.writeTextFile(rules, await mailq.ok(["init", "prometheus"]));
  assert.match(await childOk([PROMTOOL, "check", "rules", rules]), /SUCCESS: [1-9]\d* rules found/);
});

Deno.test("init prometheus, init grafana: name no metric that there is not", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url, MAILQ_RATE: "9/s" });
  const hook = '[[hook]]\nname = "one"\ncommand = "true"';
  await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, hook);
  await mailq.enqueue(mail());
  await mailq.ok(["send"]);
  // What only a relay with TLS has.
  const queue = await openQueue(mailq);
  await queue.noteCertificate("default", Date.now());
  await queue.close();
  const known = new Set((await mailq.ok(["metrics"])).match(/^mailq_\w+/gm));
  const dashboard = await mailq.ok(["init", "grafana"]);
  assert.ok(JSON.parse(dashboard).panels.length > 0);
  const named = `${await mailq.ok(["init", "prometheus"])}${dashboard}`.match(/\bmailq_\w+/g) ?? [];
  assert.ok(named.length > 10);
  for (const name of named) assert.ok(known.has(name), name);
});

Deno.test("run: Debian's Prometheus scrapes it, and promtool likes what it is given", async () => {
  require(PROMETHEUS, PROMTOOL);
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({
    MAILQ_TRANSPORT: server.url,
    MAILQ_LISTEN_HTTP: "127.0.0.1:0",
  });
  await using run = await Running.start(mailq, ["run"]);
  await run.said(/metrics are served on \S+\n/);
  const [, place = ""] = /metrics are served on (\S+)\n/.exec(run.stderr) ?? [];
  await mailq.enqueue(mail({ to: "ann@a.test, refuse.bob@a.test" }));
  await run.said(/ failed to=/);

  const older = await (await fetch(`http://${place}/metrics`)).text();
  const checked = await runChild([PROMTOOL, "check", "metrics"], { stdin: older });
  assert.deepEqual([checked.code, checked.stderr], [0, ""], checked.stdout);

  const config = `${mailq.folder}/prometheus.yml`;
  await Deno.writeTextFile(
    config,
    `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules.yml]
scrape_configs:
  - job_name: mailq
    static_configs: [{ targets: ["${place}"] }]
`,
  );
  await Deno.writeTextFile(`${mailq.folder}/rules.yml`, await mailq.ok(["init", "prometheus"]));
  const prometheus = startChild([
    PROMETHEUS,
    `--config.file=${config}`,
    `--storage.tsdb.path=${mailq.folder}/tsdb`,
    "--web.listen-address=127.0.0.1:0",
  ], {});
  const heard = new Heard(prometheus.stderr);
  try {
    const [, address] = await heard.said(/msg="Listening on" address=(127\.0\.0\.1:\d+)/);
    await heard.said(/Server is ready to receive web requests/);
    const query = async (expr: string) => {
      const url = `http://${address}/api/v1/query?query=${encodeURIComponent(expr)}`;
      return (await (await fetch(url)).json()).data?.result ?? [];
    };
    // It scrapes each second.
    const first = async (expr: string) => {
      for (;;) {
        const result = await query(expr);
        if (result.length > 0) return result;
      }
    };
    const sent = await first('mailq_recipients_total{result="sent"}');
    assert.deepEqual(
      sent.map(({ metric, value }: Sample) => [metric.relay, metric.code, value[1]]),
      [
        ["default", "2xx", "1"],
      ],
    );
    const [up] = await query("up");
    assert.equal(up.value[1], "1");
    assert.equal((await query("mailq_delivery_delay_seconds_bucket")).length, 15);
    const metadata = await (await fetch(`http://${address}/api/v1/metadata`)).json();
    const { type, unit } = metadata.data.mailq_delivery_delay_seconds[0];
    assert.deepEqual([type, unit], ["histogram", "seconds"]);
  } finally {
    await endChild(prometheus);
    await prometheus.stdout.cancel();
  }
  await run.stop();
});
