import assert from "node:assert/strict";
import { SMTPServer } from "smtp-server";
import type { Ended } from "../../support/child.ts";
import { FakeProvider, type ProviderOptions } from "../../support/fake_provider.ts";
import { mail, Mailq } from "../../support/mailq.ts";
import { Running } from "../support/running.ts";

const DAY_S = 24 * 3_600;

/** A relay that takes mail after a login with one of a provider's tokens, and a queue that uses it. */
class Setting implements AsyncDisposable {
  private constructor(
    readonly provider: FakeProvider,
    readonly relay: SMTPServer,
    readonly mailq: Mailq,
    /** The tokens that the relay was shown. */
    readonly shown: string[],
  ) {}

  static async make(options: ProviderOptions = {}): Promise<Setting> {
    const provider = new FakeProvider(options);
    const shown: string[] = [];
    const relay = new SMTPServer({
      logger: false,
      disabledCommands: ["STARTTLS"],
      allowInsecureAuth: true,
      authMethods: ["XOAUTH2"],
      onAuth({ username, accessToken = "" }, _session, answer) {
        shown.push(accessToken);
        if (username === "me" && provider.access.has(accessToken)) answer(null, { user: "me" });
        else answer(new Error("Invalid token"));
      },
    });
    relay.on("error", () => {});
    await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", () => resolve()));
    const address = relay.server.address();
    assert.ok(typeof address === "object" && address !== null);
    const mailq = await Mailq.make();
    await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, provider.settings(address.port));
    return new Setting(provider, relay, mailq, shown);
  }

  get file(): string {
    return `${this.mailq.queue}-login-default`;
  }

  /** Changes the file of the login. */
  async change(fields: Record<string, unknown>): Promise<void> {
    const kept = JSON.parse(await Deno.readTextFile(this.file));
    await Deno.writeTextFile(this.file, JSON.stringify({ ...kept, ...fields }));
  }

  /** Logs in, as a person with a browser on this machine. */
  async logIn(): Promise<Ended> {
    const child = await this.mailq.spawn(["login", "default"]);
    const [first, second] = child.stdout.tee();
    const url = await urlIn(first);
    const page = await fetch(url);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /Logged in/);
    const { success, code, signal } = await child.status;
    const stdout = await new Response(second).text();
    const stderr = await new Response(child.stderr).text();
    assert.ok(success, stderr);
    return { code, signal, stdout, stderr, stdoutBytes: new Uint8Array() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.relay.close(() => resolve()));
    await this.provider[Symbol.asyncDispose]();
    await this.mailq[Symbol.asyncDispose]();
  }
}

/** The first URL that comes. */
async function urlIn(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`no URL: ${text}`);
      text += decoder.decode(value, { stream: true });
      const [url] = /https?:\S+(?=\s)/.exec(text) ?? [];
      if (url !== undefined) return url;
    }
  } finally {
    void reader.cancel();
  }
}

Deno.test("login: by a browser that comes back, kept for the owner alone, and mail goes by it", async () => {
  await using setting = await Setting.make();
  const { mailq, provider, file } = setting;
  const before = await mailq.run(["send"]);
  assert.equal(before.code, 0);
  await mailq.enqueue(mail());
  await mailq.ok(["send"]);
  assert.match(
    await mailq.ok(["show", "--attempts", (await mailq.json(["list"]))[0].id]),
    /nobody has logged in to this relay yet: `mailq login default`/,
  );
  assert.match(
    await mailq.ok(["status"]),
    /login +default: nobody has logged in yet; `mailq login/,
  );
  const { stdout, stderr } = await setting.logIn();
  assert.match(stdout, /Logged in to the relay default as me; the login is renewed by itself/);
  assert.doesNotMatch(stdout + stderr, /secret-/);
  assert.equal((Deno.statSync(file).mode ?? 0) & 0o777, 0o600);
  assert.deepEqual(await mailq.statuses(), { Hello: "queued" }, "what waited for it goes again");
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { Hello: "sent" });
  assert.ok(provider.access.has(setting.shown.at(-1) ?? ""));
  const shown = await mailq.ok(["config"]) + await mailq.ok(["status", "--json"]) +
    await mailq.ok(["show", "--attempts", (await mailq.json(["list"]))[0].id]);
  assert.doesNotMatch(shown, /secret-/);
});

Deno.test("login: an answer to another login is turned away, and the right one still taken", async () => {
  await using setting = await Setting.make();
  const child = await setting.mailq.spawn(["login", "default"]);
  const [first, second] = child.stdout.tee();
  const url = new URL(await urlIn(first));
  const redirect = url.searchParams.get("redirect_uri") ?? "";
  for (const query of ["?code=stolen&state=another", "?code=stolen", "", "?error=access_denied"]) {
    const answer = await fetch(`${redirect}${query}`);
    assert.equal(answer.status, 400);
    await answer.body?.cancel();
  }
  assert.deepEqual(setting.provider.asked, []);
  await (await fetch(url)).body?.cancel();
  const { success } = await child.status;
  assert.ok(success, await new Response(child.stderr).text());
  await second.cancel();
});

Deno.test("login: by a code on another device, which is waited for", async () => {
  await using setting = await Setting.make({ pending: 1 });
  const [told, done] = await setting.mailq.json(["login", "default", "--device"]);
  assert.match(told.url, /\/type$/);
  assert.equal(told.code, "ABCD-EFGH");
  assert.deepEqual([done.relay, done.user, done.renewed], ["default", "me", true]);
  assert.equal(setting.provider.asked.length, 2);
});

Deno.test("login: by what a browser on another machine ends at, the address or the code alone", async () => {
  await using setting = await Setting.make();
  for (const isWhole of [true, false]) {
    const child = await setting.mailq.spawn(["login", "default", "--paste"], { stdin: "" });
    const [first, second] = child.stdout.tee();
    const answer = await fetch(await urlIn(first), { redirect: "manual" });
    await answer.body?.cancel();
    const ends = answer.headers.get("location") ?? "";
    const pasted = isWhole ? ends : new URL(ends).searchParams.get("code") ?? "";
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`${pasted}\n`));
    await writer.close();
    const { success } = await child.status;
    assert.ok(success, await new Response(child.stderr).text());
    await second.cancel();
  }
  const ended = await setting.mailq.run(["login", "default", "--paste"], {
    stdin: "http://127.0.0.1:9999/?code=x&state=another\n",
  });
  assert.equal(ended.code, 69);
  assert.match(ended.stderr, /the answer is not for this login; begin anew/);
});

Deno.test("login: two passes at once renew once, and no rotated token is lost", async () => {
  await using setting = await Setting.make();
  const { mailq, provider } = setting;
  await setting.logIn();
  for (let round = 1; round <= 3; round++) {
    await setting.change({ access_ends_at: 0 });
    await mailq.enqueue(mail());
    await mailq.enqueue(mail());
    const ended = await Promise.all([1, 2, 3].map(() => mailq.run(["send", "--no-lock"])));
    for (const { code, stderr } of ended) assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(provider.renewals, round);
  }
  assert.equal(provider.isReused, false);
  const statuses = (await mailq.json(["list"])).map(({ status }) => status);
  assert.deepEqual([...new Set(statuses)], ["sent"]);
});

Deno.test("login: the service renews ahead, without any mail", async () => {
  await using setting = await Setting.make();
  await setting.logIn();
  await setting.mailq.enqueue(mail());
  await setting.change({ renewed_at: Date.now() - 2 * DAY_S * 1_000 });
  await using run = await Running.service(setting.mailq);
  await setting.provider.renewed(1);
  await run.stop();
  assert.equal(setting.provider.isReused, false);
});

Deno.test("login: that it ends is told 14 days before, by status, monitor and doctor", async () => {
  await using setting = await Setting.make({ refreshExpiresIn: 10 * DAY_S });
  const { mailq } = setting;
  await mailq.enqueue(mail());
  await setting.logIn();
  await mailq.ok(["send"]);
  const told = /it ends \d{4}-\d\d-\d\d/;
  assert.match(
    await mailq.ok(["status"]),
    new RegExp(`login +default: ${told.source}; .mailq login`),
  );
  const nagios = await mailq.run(["status", "--nagios"]);
  assert.equal(nagios.code, 1);
  assert.match(nagios.stdout, /WARNING - the login of the relay default: it ends .*`mailq login/);
  const doctor = await mailq.run(["doctor", "--offline", "--json"]);
  const found = doctor.stdout.trim().split("\n").map((line) => JSON.parse(line));
  const token = found.find(({ check }) => check === "token");
  assert.deepEqual([token.level, token.mend], ["warning", "mailq login default"]);
  await setting.change({ ends_at: Date.now() + 20 * DAY_S * 1_000 });
  assert.equal((await mailq.run(["status", "--nagios"])).code, 0);
});

Deno.test("login: what the user took back is told, with the way out, and the mail waits", async () => {
  await using setting = await Setting.make();
  const { mailq, provider } = setting;
  await setting.logIn();
  await mailq.enqueue(mail());
  provider.isRevoked = true;
  await setting.change({ access_ends_at: 0 });
  const { code, stderr } = await mailq.run(["send"]);
  assert.deepEqual([code, stderr], [0, ""], "quiet under cron");
  assert.deepEqual(await mailq.statuses(), { Hello: "deferred" });
  const [{ last_reply }] = await mailq.json(["list"]);
  assert.match(
    last_reply,
    /the login has ended .*invalid_grant.*`mailq login default` makes a new/,
  );
  const nagios = await mailq.run(["status", "--nagios"]);
  assert.match(nagios.stdout, /the login of the relay default: it has ended: .*invalid_grant/);
  assert.doesNotMatch(last_reply + nagios.stdout, /secret-/);
  assert.equal(provider.renewals, 1, "it is not asked again and again");
  provider.isRevoked = false;
  await setting.logIn();
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { Hello: "sent" });
});

Deno.test("login: wrong relays, settings and ways are told with what is right", async () => {
  await using setting = await Setting.make();
  const { mailq } = setting;
  const refused = async (words: string[], code: number, text: RegExp) => {
    const ended = await mailq.run(["login", ...words]);
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, text);
  };
  await refused(["other"], 64, /Cannot find a relay called "other": expected one of default/);
  await refused(["default", "--device", "--paste"], 64, /give one of them/);
  const settings = (lines: string) => Deno.writeTextFile(`${mailq.folder}/mailq.toml`, lines);
  await settings('[relay.default]\nurl = "smtp://me@relay.test"\n');
  await refused(["default"], 64, /expected relay\.default\.oauth\.provider/);
  await settings('[relay.default]\nurl = "smtp://me@relay.test"\noauth.provider = "google"\n');
  await refused(["default"], 78, /expected relay\.default\.oauth\.client_id/);
  await settings(
    '[relay.default]\nurl = "smtp://me@relay.test"\noauth.provider = "google"\n' +
      'oauth.client_id = "x"\n',
  );
  await refused(["default", "--device"], 78, /its provider has none; .*--paste/);
  await settings(
    '[relay.default]\nurl = "smtp://me@relay.test"\noauth.provider = "google"\n' +
      'password_command = "pass"\n',
  );
  await refused(["default"], 78, /Cannot use both relay\.default\.oauth\.provider and .*password/);
});
