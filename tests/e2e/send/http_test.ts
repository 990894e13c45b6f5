import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { Running } from "../support/running.ts";

/** A service with HTTP on a free port. */
async function serving(mailq: Mailq): Promise<{ readonly run: Running; readonly url: string }> {
  mailq.env.MAILQ_LISTEN_HTTP ??= "127.0.0.1:0";
  const run = await Running.start(mailq, ["run"]);
  await run.said(/metrics are served on \S+\n/);
  const [, place] = /metrics are served on (\S+)\n/.exec(run.stderr) ?? [];
  return { run, url: `http://${place}` };
}

Deno.test("run: serves metrics and health where listen.http says", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const { run, url } = await serving(mailq);
  await using _run = run;
  await mailq.enqueue(mail());
  await run.said(/ sent to=/);
  const accept = { accept: "application/openmetrics-text; version=1.0.0" };
  const metrics = await fetch(`${url}/metrics?x=1`, { headers: accept });
  assert.match(metrics.headers.get("content-type") ?? "", /^application\/openmetrics-text/);
  const text = await metrics.text();
  assert.match(text, /^mailq_messages\{status="sent"\} 1$/m);
  assert.match(text, /^mailq_relay_connections\{relay="default"\} 1$/m, "it is kept for a while");
  assert.match(text, /\n# EOF\n$/);
  const older = await fetch(`${url}/metrics`);
  assert.match(older.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  assert.match(await older.text(), /^# TYPE mailq_attempts_total counter$/m);
  assert.deepEqual(await (await fetch(`${url}/healthz`)).json(), { alive: true, reasons: [] });
  const ready = await fetch(`${url}/readyz`);
  assert.equal(ready.status, 200);
  assert.deepEqual(await ready.json(), { ready: true, reasons: [], notes: [] });
  await mailq.ok(["pause"]);
  assert.deepEqual((await (await fetch(`${url}/readyz`)).json()).notes, ["the queue is paused"]);
  for (const [path, method, status] of [["/x", "GET", 404], ["/metrics", "POST", 405]] as const) {
    const answer = await fetch(`${url}${path}`, { method });
    assert.equal(answer.status, status);
    await answer.body?.cancel();
  }
  await run.stop();
});

Deno.test("run: on a socket, and with requests that are none, HTTP goes on", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  const path = mailq.env.MAILQ_LISTEN_HTTP = `${mailq.folder}/http`;
  const { run } = await serving(mailq);
  await using _run = run;
  const ask = async (text: string) => {
    using connection = await Deno.connect({ transport: "unix", path });
    await connection.write(new TextEncoder().encode(text)).catch(() => {});
    return await new Response(connection.readable).text().catch(() => "");
  };
  assert.match(await ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(await ask("garbage\r\n\r\n"), /^HTTP\/1\.1 400 /);
  assert.match(await ask(`GET /${"x".repeat(9_000)}`), /^(HTTP\/1\.1 400 .*|)/);
  assert.match(await ask("HEAD /readyz HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
  await run.stop();
});

Deno.test("run: HTTP that others could reach is refused without listen.allow (78)", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  for (const place of ["0.0.0.0:0", "*:0", "192.0.2.1:9"]) {
    const env = { MAILQ_LISTEN_HTTP: place };
    const { code, stderr } = await mailq.run(["run", "--once"], { env });
    assert.equal(code, 78, stderr);
    assert.match(stderr, /Cannot serve metrics on .* \(MAILQ_LISTEN_HTTP\): expected allow = /);
  }
  for (const place of ["https://127.0.0.1:1", "smtps://127.0.0.1:1", "nonsense"]) {
    const { code } = await mailq.run(["run", "--once"], { env: { MAILQ_LISTEN_HTTP: place } });
    assert.equal(code, 78, place);
  }
  mailq.env.MAILQ_LISTEN_HTTP = "0.0.0.0:0";
  mailq.env.MAILQ_LISTEN_ALLOW = "192.0.2.0/24";
  const { run, url } = await serving(mailq);
  await using _run = run;
  const answer = await fetch(`${url.replace("0.0.0.0", "127.0.0.1")}/healthz`);
  assert.equal(answer.status, 200, "this machine may always ask");
  await answer.body?.cancel();
  await run.stop();
});
