import assert from "node:assert/strict";
import { endChild, Heard, startChild } from "../support/child.ts";
import { Mailq, PROGRAM } from "../support/mailq.ts";
import { SmtpTalk } from "../support/smtp_talk.ts";
import { require } from "./requirements.ts";

const ACTIVATE = "/usr/bin/systemd-socket-activate";

/** Has systemd's own tool listen on `places` and start the service at the first connection. */
async function activated(mailq: Mailq, places: readonly string[], names: string) {
  const flags = places.flatMap((place) => ["-l", place]);
  const setenv = Object.entries(mailq.env).map(([name, value]) => `--setenv=${name}=${value}`);
  const child = startChild([
    ACTIVATE,
    ...[...flags, `--fdname=${names}`, ...setenv],
    ...[...PROGRAM, "run", "--verbose"],
  ], { env: mailq.env, stdout: "null" });
  const stderr = new Heard(child.stderr);
  await stderr.said(/Listening on/);
  return { child, stderr };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("run: takes the sockets that systemd has opened, by their names", async () => {
  require(ACTIVATE);
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  const port = freePort();
  const path = `${mailq.folder}/local`;
  await Deno.writeTextFile(
    `${mailq.folder}/mailq.toml`,
    '[listen]\nsmtp = ["systemd:smtp", "systemd:local"]\n',
  );
  const { child, stderr } = await activated(mailq, [`127.0.0.1:${port}`, path], "smtp:local");
  try {
    // The connection that starts it waits for it.
    using talk = await SmtpTalk.greeted(`127.0.0.1:${port}`);
    await talk.mail("Subject: network\r\n\r\nHi\r\n");
    using local = await SmtpTalk.greeted(path);
    await local.mail("Subject: local\r\n\r\nHi\r\n");
    assert.match(stderr.text, /listening on 127\.0\.0\.1:\d+ \(smtp\)/);
  } finally {
    await endChild(child, "SIGTERM");
    await stderr.end;
  }
  assert.deepEqual(Object.keys(await mailq.statuses()).sort(), ["local", "network"]);
});

Deno.test("run: a socket of systemd's that others reach is no open relay, and a wrong name is told", async () => {
  require(ACTIVATE);
  for (
    const [place, name, expected] of [
      ["0.0.0.0", "smtp", /systemd:smtp, which is 0\.0\.0\.0:\d+: whoever reaches it could send/],
      ["127.0.0.1", "other", /systemd:smtp: expected FileDescriptorName=smtp .*\["other"\]/],
    ] as const
  ) {
    await using mailq = await Mailq.make({
      MAILQ_TRANSPORT: "null:",
      MAILQ_LISTEN_SMTP: "systemd:smtp",
    });
    await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, "");
    const port = freePort();
    const { child, stderr } = await activated(mailq, [`${place}:${port}`], name);
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    const { code } = await child.status;
    await stderr.end;
    assert.match(stderr.text, expected);
    assert.equal(code, 78);
  }
});
