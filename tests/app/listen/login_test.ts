import assert from "node:assert/strict";
import { hashSync } from "bcryptjs";
import { MailqError } from "../../../src/queue/errors.ts";
import { childOk } from "../../support/child.ts";
import { SmtpTalk } from "../../support/smtp_talk.ts";
import { CA } from "../../support/tls_certificates.ts";
import { Listening, TLS_SETTINGS } from "./listening.ts";

const plain = (user: string, password: string) => `AUTH PLAIN ${btoa(`\0${user}\0${password}`)}`;

/** A file of logins, gone at the end. */
class UsersFile implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(text: string): Promise<UsersFile> {
    const path = await Deno.makeTempFile();
    await Deno.writeTextFile(path, text);
    return new UsersFile(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path);
  }
}

const ANN = `ann:${hashSync("secret", 4)}\n`;

Deno.test("Listeners: STARTTLS, then a login, then mail of who has logged in", async () => {
  await using users = await UsersFile.make(ANN);
  await using listening = await Listening.start({ ...TLS_SETTINGS, "listen.users": users.path });
  using talk = await listening.talk();
  assert.match(await talk.command("EHLO client.test", 250), /STARTTLS/);
  await talk.command("STARTTLS", 220);
  await talk.startTls(CA);
  const hello = await talk.command("EHLO client.test", 250);
  assert.match(hello, /250-AUTH PLAIN LOGIN/);
  assert.doesNotMatch(hello, /STARTTLS/);
  await talk.command(plain("ann", "secret"), 235);
  await talk.mail();
  const [message] = await listening.app.messages();
  assert.equal(message?.submitter, "ann");
  assert.match(await listening.content(), /\(mailq\) with ESMTPSA id /);
});

Deno.test("Listeners: implicit TLS", async () => {
  await using listening = await Listening.start({
    ...TLS_SETTINGS,
    "listen.smtp": "smtps://127.0.0.1:0",
  });
  using talk = await SmtpTalk.connect(listening.place);
  await talk.startTls(CA);
  assert.match(await talk.reply(), /^220 host\.test/);
  await talk.mail();
  assert.match(await listening.content(), /with ESMTPS id/);
});

Deno.test("Listeners: what is sent along with STARTTLS is not obeyed", async () => {
  await using listening = await Listening.start(TLS_SETTINGS);
  using talk = await listening.talk();
  await talk.command("EHLO client.test", 250);
  await talk.send("STARTTLS\r\nMAIL FROM:<evil@x.test>\r\n");
  assert.match(await talk.reply(), /^421 /);
  await talk.closed();
});

Deno.test("Listeners: what comes between STARTTLS's answer and TLS is none of it", async () => {
  await using listening = await Listening.start(TLS_SETTINGS);
  using talk = await listening.talk();
  await talk.command("EHLO client.test", 250);
  await talk.command("STARTTLS", 220);
  await talk.send("EHLO evil.test\r\nMAIL FROM:<evil@x.test>\r\n");
  await talk.closed();
  await listening.app.until(() =>
    listening.app.told.some((line) => /TLS with .* failed/.test(line))
  );
  assert.deepEqual(await listening.app.messages(), []);
});

Deno.test("Listeners: a certificate that was renewed is used without a word", async () => {
  const folder = await Deno.makeTempDir();
  const paths = { "listen.tls.cert": `${folder}/cert.pem`, "listen.tls.key": `${folder}/key.pem` };
  const put = async (name: string) => {
    const fixtures = TLS_SETTINGS["listen.tls.cert"].replace(/[^/]*$/, "");
    await Deno.copyFile(`${fixtures}${name}.pem`, `${folder}/new.pem`);
    await Deno.rename(`${folder}/new.pem`, `${folder}/cert.pem`);
    await Deno.copyFile(`${fixtures}key.pem`, `${folder}/key.pem`);
  };
  await put("wrong_name");
  await using listening = await Listening.start(paths);
  const canBegin = async () => {
    using talk = await listening.talk();
    await talk.command("EHLO client.test", 250);
    await talk.command("STARTTLS", 220);
    try {
      await talk.startTls(CA);
      await talk.command("NOOP", 250);
      return true;
    } catch {
      return false;
    }
  };
  assert.equal(await canBegin(), false);
  await put("server");
  assert.equal(await canBegin(), true);
  await Deno.writeTextFile(`${folder}/cert.pem`, "half a file");
  assert.equal(await canBegin(), true);
  assert.match(
    listening.app.told.join("\n"),
    /warn: the certificate stays as it was: .*expected PEM/,
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test("Listeners: hashes of openssl and of htpasswd are known; each login by its own", async () => {
  const sha = async (flag: string) =>
    (await childOk(["openssl", "passwd", flag, "-salt", "abcdefgh", "pass wörd"])).trim();
  const text = `# our logins\n\nsha512:${await sha("-6")}\r\nsha256:${await sha("-5")}:1000:::\n` +
    `bcrypt:${hashSync("pass wörd", 4).replace("$2b$", "$2y$")}\n`;
  await using users = await UsersFile.make(text);
  await using listening = await Listening.start({ "listen.users": users.path });
  const utf8 = (text: string) => String.fromCharCode(...new TextEncoder().encode(text));
  for (const user of ["sha512", "sha256", "bcrypt"]) {
    using talk = await listening.talk();
    await talk.command("EHLO client.test", 250);
    await talk.command(plain(user, "pass word"), 535);
    await talk.command(plain(user, utf8("pass wörd")), 235);
    // Known by now, in another conversation.
    using again = await listening.talk();
    await again.command("EHLO client.test", 250);
    await again.command(plain(user, utf8("pass wörd")), 235);
  }
  assert.deepEqual(listening.app.events.find(({ type }) => type === "login.failed"), {
    type: "login.failed",
    user: "sha512",
    client: "127.0.0.1",
  });
});

Deno.test("Listeners: a login that was taken away is one no more", async () => {
  await using users = await UsersFile.make(`${ANN}bob:${hashSync("b", 4)}\n`);
  await using listening = await Listening.start({ "listen.users": users.path });
  const reply = async () => {
    using talk = await listening.talk();
    await talk.command("EHLO client.test", 250);
    await talk.send(`${plain("bob", "b")}\r\n`);
    return (await talk.reply()).slice(0, 3);
  };
  assert.equal(await reply(), "235");
  await Deno.writeTextFile(users.path, ANN);
  assert.equal(await reply(), "535");
  await Deno.writeTextFile(users.path, "ann:secret\n");
  assert.equal(await reply(), "535");
  const told = listening.app.told.join("\n");
  assert.match(told, /warn: the logins stay as they were: .*line 1 cannot be used/);
  assert.doesNotMatch(told, /secret/);
});

for (
  const [text, expected] of [
    ["ann:secret\n", /line 1 cannot be used: expected name:hash.*htpasswd -nB.*openssl passwd -6/],
    ["# x\nann\n", /line 2 cannot be used/],
    ["ann:$1$abcdefgh$abcdefghijklmnopqrstuv\n", /line 1 cannot be used/],
    ["ann:$6$rounds=999999$abcdefgh$" + "a".repeat(86), /line 1 cannot be used/],
    ["ann:$2y$31$" + "a".repeat(53), /line 1 cannot be used/],
    [`${ANN}${ANN}`, /line 2 has a name again that was there: "ann"/],
    ["# nobody\n", /it names nobody/],
  ] as const
) {
  Deno.test(`listen.users: refuses ${JSON.stringify(text).slice(0, 40)}`, async () => {
    await using users = await UsersFile.make(text);
    const error = await Listening.start({ "listen.users": users.path })
      .then(() => null, (error: unknown) => error);
    assert.ok(error instanceof MailqError && error.code === "config_invalid");
    assert.match(error.message, expected);
    assert.doesNotMatch(error.message, /secret/);
  });
}

Deno.test("listen.tls: files that cannot be used are refused by name", async () => {
  const key = TLS_SETTINGS["listen.tls.key"];
  const other = await Deno.makeTempFile();
  await childOk(["openssl", "genpkey", "-algorithm", "ed25519", "-out", other]);
  for (
    const [given, expected] of [
      [{ "listen.tls.cert": "/gone.pem" }, /listen.tls.cert = "\/gone.pem": there is no such file/],
      [{ "listen.tls.cert": "/etc/hostname" }, /expected PEM, with a line -----BEGIN CERTIF/],
      [{ "listen.tls.cert": key }, /expected PEM/],
      [{ "listen.tls.key": other }, /server\.pem with the key .*another certificate's/],
    ] as const
  ) {
    const error = await Listening.start({ ...TLS_SETTINGS, ...given })
      .then(() => null, (error: unknown) => error);
    assert.ok(error instanceof MailqError && error.code === "config_invalid", String(error));
    assert.match(error.message, expected);
  }
  await Deno.remove(other);
});
