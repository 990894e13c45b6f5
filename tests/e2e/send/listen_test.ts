import assert from "node:assert/strict";
import { Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { SmtpTalk } from "../../support/smtp_talk.ts";
import { Running } from "../support/running.ts";

/** The service, and where it listens. */
async function listening(mailq: Mailq): Promise<{ running: Running; place: string }> {
  const running = await Running.service(mailq);
  await running.said(/listening on 127\.0\.0\.1:\d+/);
  return { running, place: placeOf(running) };
}

function placeOf({ stderr }: Running): string {
  return [...stderr.matchAll(/listening on (127\.0\.0\.1:\d+)/g)].at(-1)?.[1] ?? "";
}

Deno.test("run: takes mail by SMTP and sends it at once", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({
    MAILQ_TRANSPORT: server.url,
    MAILQ_LISTEN_SMTP: "127.0.0.1:0",
  });
  const { running, place } = await listening(mailq);
  await using _running = running;
  using talk = await SmtpTalk.greeted(place);
  const id = await talk.mail("Subject: hello\r\n\r\nHi\r\n");
  await running.meanwhile(server.received(1));
  assert.match(new TextDecoder().decode(server.messages[0]?.data), new RegExp(`id ${id};`));
  await talk.command("QUIT", 221);
  await running.stop();
});

Deno.test("run: what it cannot listen on ends it before anything is sent", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const run = async (place: string) =>
    await mailq.run(["run"], { env: { MAILQ_LISTEN_SMTP: place } });
  const used = await run(`127.0.0.1:${taken.addr.port}`);
  assert.deepEqual([used.code, /it is in use already/.test(used.stderr)], [75, true], used.stderr);
  const open = await run("*:2525");
  assert.equal(open.code, 78);
  assert.match(open.stderr, /\*:2525: whoever reaches it could send mail .*allow = .*users = /);
});

Deno.test("run: reads [listen] anew at SIGHUP; conversations go on", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  const write = (text: string) => Deno.writeTextFile(`${mailq.folder}/mailq.toml`, text);
  await write("");
  await using running = await Running.service(mailq);
  const reload = async (text: string, expected: RegExp) => {
    await write(text);
    running.child.kill("SIGHUP");
    await running.said(expected);
  };
  await reload('[listen]\nsmtp = "127.0.0.1:0"\n', /listening on 127.*\n[^]*settings read anew/);
  const first = placeOf(running);
  using talk = await SmtpTalk.greeted(first);
  await talk.command("EHLO client.test", 250);
  await reload('[listen]\nsmtp = "*:0"\n', /the settings stay as they were: .*whoever reaches it/);
  using _other = await SmtpTalk.greeted(first);
  const socket = `${mailq.folder}/smtp`;
  await reload(`[listen]\nsmtp = "${socket}"\n`, /listening on \/.*\n/);
  await running.said(/listening no more on 127/);
  await talk.mail();
  await assert.rejects(SmtpTalk.connect(first), Deno.errors.ConnectionRefused);
  using here = await SmtpTalk.greeted(socket);
  await here.mail();
  await running.stop();
});

Deno.test("run: SIGTERM closes the listeners at once, and ends with 0", async () => {
  await using mailq = await Mailq.make({
    MAILQ_TRANSPORT: "null:",
    MAILQ_LISTEN_SMTP: "127.0.0.1:0",
  });
  const { running, place } = await listening(mailq);
  await using _running = running;
  using talk = await SmtpTalk.greeted(place);
  running.child.kill("SIGTERM");
  assert.match(await talk.reply(), /^421 4\.3\.2 host\.test is closing/);
  await running.ended();
});
