import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { alterQueue } from "../support/queue_file.ts";

const HOSTILE = "a\x1b[31mred\x1b]0;title\x07\u202egnp.exe\x9b2Jb";

Deno.test("hostile text: no control or bidi character reaches stdout or stderr", async () => {
  await using server = new SmtpServer({
    onRcpt: () => `451 4.2.0 ${HOSTILE}`,
  });
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const encoded = btoa(String.fromCharCode(...new TextEncoder().encode(`${HOSTILE}\nInjected: 1`)));
  const id = await mailq.enqueue(
    mail({
      subject: `=?utf-8?b?${encoded}?=`,
      from: `=?utf-8?b?${encoded}?= <ann@sender.test>`,
      extra: `X-Raw: ${HOSTILE}\r\n`,
      body: `${HOSTILE}\r\n`,
    }),
    "--tag",
    HOSTILE,
    "--key",
    HOSTILE,
  );
  await mailq.ok(["suppress", "add", "--reason", HOSTILE, "x@y.test"]);
  const commands = [
    ["send", "--verbose"],
    ["list"],
    ["list", "--json"],
    ["show", id],
    ["show", id, "--json"],
    ["show", id, "--attempts"],
    ["show", id, "--headers"],
    ["show", id, "--text"],
    ["suppress", "list"],
    ["list", "--status", HOSTILE],
    ["show", HOSTILE],
    [HOSTILE],
    ["list", `--${HOSTILE}`],
    ["enqueue", `/${HOSTILE}`],
    ["list", "--queue", `/proc/${HOSTILE}`],
  ];
  for (const args of commands) {
    const { stdout, stderr } = await mailq.run(args);
    // deno-lint-ignore no-control-regex -- controls are what must not be there
    const unsafe = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/;
    assert.doesNotMatch(stdout, unsafe, args.join(" "));
    assert.doesNotMatch(stderr, unsafe, args.join(" "));
    assert.doesNotMatch(stdout, /^Injected/m, args.join(" "));
  }
  const listed = await mailq.ok(["list"]);
  assert.equal(listed.trim().split("\n").length, 2, "a message is one line");
});

Deno.test("list: a queue of another's making with odd values is shown all the same", async () => {
  await using mailq = await Mailq.make();
  await mailq.enqueue(mail());
  alterQueue(
    mailq,
    "UPDATE message SET subject = ?, header_from = NULL, tags = NULL",
    "x\x1by",
  );
  assert.match(await mailq.ok(["list"]), / x␛y /);
});
