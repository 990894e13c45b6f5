import assert from "node:assert/strict";
import { mail, type Mailq } from "../support/mailq.ts";
import { LOGIN, Postfix } from "./postfix.ts";
import { OWN_CA, recipientsOf, relayingTo, shown, subjectOf } from "./postfix_queue.ts";
import type { ServerName } from "./postfix_settings.ts";

/** One Postfix serves all tests of this file. */
let postfix: Postfix;
Deno.test.beforeAll(async () => {
  postfix = await Postfix.start();
});
Deno.test.afterAll(async () => {
  await postfix[Symbol.asyncDispose]();
});

for (const [name, url] of [["STARTTLS", "smtp"], ["implicit TLS", "smtps"]] as const) {
  Deno.test(`Postfix ${name}: mail goes out under TLS that our own authority vouches for`, async () => {
    const server = url === "smtps" ? "implicitTls" : "open";
    await using mailq = await relayingTo(postfix, server, { url, settings: OWN_CA });
    const id = await mailq.enqueue(mail({ to: "ann@receiver.test" }));
    await mailq.ok(["send", "--strict"]);
    const { status, attempts: [attempt] } = await shown(mailq, id);
    assert.deepEqual([status, attempt.result], ["sent", "sent"]);
    assert.match(attempt.tls, /^TLS(v1\.3)?$/);
    assert.match(await postfix.log(), /TLS connection established from .* TLSv1\.3/);
  });
}

const MUST = `tls.mode = "required"\n`;
const UNFIT: readonly (readonly [ServerName, RegExp, string])[] = [
  [
    "wrongName",
    /certificate is for other\.example, not for localhost: use a name it is for/,
    OWN_CA,
  ],
  ["expired", /certificate has expired \(2020-02-01\): have the relay's renewed/, OWN_CA],
  ["selfSigned", /certificate is self-signed.*: set tls\.ca to a file/, OWN_CA],
  ["open", /signed by an authority that is not trusted here: set tls\.ca/, MUST],
  ["plainText", /offers no TLS here, and it is required: use smtps:/, OWN_CA],
];

for (const [server, says, settings] of UNFIT) {
  Deno.test(`Postfix TLS: ${server} gets no mail, a line says what to do, no retry is used`, async () => {
    await using mailq = await relayingTo(postfix, server, { settings, hasNoRetries: true });
    const subject = subjectOf("unfit");
    const id = await mailq.enqueue(mail({ to: "ann@receiver.test", subject }));
    const { code, stderr } = await mailq.run(["send", "--strict", "--verbose"]);
    assert.equal(code, 69, stderr);
    assert.match(stderr, says);
    const { status, attempts: [attempt] } = await shown(mailq, id);
    assert.equal(status, "deferred");
    assert.match(attempt.error, says);
    assert.equal(attempt.traceback, null);
    assert.doesNotMatch(attempt.transcript, /MAIL FROM|Subject/);
  });
}

for (
  const [server, mechanism] of [
    ["authPlain", "PLAIN"],
    ["authLogin", "LOGIN"],
    ["authScram", "SCRAM-SHA-256"],
    ["authUnderTls", "PLAIN"],
  ] as const
) {
  Deno.test(`Postfix AUTH: ${server} takes the login, and mail with it`, async () => {
    await using mailq = await relayingTo(postfix, server, {
      settings: OWN_CA,
      password: LOGIN.password,
    });
    const id = await mailq.enqueue(mail({ to: "ann@receiver.test" }));
    await mailq.ok(["send", "--strict"]);
    assert.deepEqual(await recipientsOf(mailq, id), ["ann sent 250 2.0.0"]);
    await postfix.logged(RegExp(`sasl_method=${mechanism}, sasl_username=${LOGIN.user}`));
  });

  Deno.test(`Postfix AUTH: ${server} refuses a wrong password, which is the relay's fault`, async () => {
    const wrong = "a-wrong-pass-0815";
    await using mailq = await relayingTo(postfix, server, {
      settings: OWN_CA,
      password: wrong,
      hasNoRetries: true,
    });
    const id = await mailq.enqueue(mail({ to: "ann@receiver.test" }));
    const { code, stderr, stdout } = await mailq.run(["send", "--strict", "--verbose"]);
    assert.equal(code, 69, stderr);
    const { status, recipients: [recipient], attempts: [attempt] } = await shown(mailq, id);
    assert.equal(status, "deferred");
    assert.deepEqual([recipient.code, recipient.enhanced], [535, "5.7.8"]);
    assert.match(attempt.error, /^AUTH: 535 /);
    const all = [stdout, stderr, await mailq.ok(["show", id, "--attempts"]), await fileText(mailq)];
    const secrets = [wrong, btoa(wrong), btoa(`\0${LOGIN.user}\0${wrong}`)];
    for (const secret of secrets) {
      for (const text of all) {
        assert.ok(!text.includes(secret), `${secret} is in ${text.slice(0, 80)}`);
      }
    }
  });
}

/** The queue's files as they are on disk. */
async function fileText(mailq: Mailq): Promise<string> {
  const files = [...Deno.readDirSync(mailq.folder)].filter(({ name }) =>
    name.startsWith("queue.db")
  );
  const bytes = await Promise.all(
    files.map(({ name }) => Deno.readFile(`${mailq.folder}/${name}`)),
  );
  return bytes.map((each) => new TextDecoder("latin1").decode(each)).join("");
}

Deno.test("Postfix AUTH: a password is not sent where TLS is missing", async () => {
  await using mailq = await relayingTo(postfix, "plainText", {
    settings: MUST,
    password: LOGIN.password,
  });
  const id = await mailq.enqueue(mail({ to: "ann@receiver.test" }));
  assert.equal((await mailq.run(["send", "--strict"])).code, 69);
  const { attempts: [attempt] } = await shown(mailq, id);
  assert.doesNotMatch(attempt.transcript, /AUTH/);
});
