import assert from "node:assert/strict";
import { clientOf } from "../../../src/transport/oauth/provider.ts";
import { accessToken } from "../../../src/transport/oauth/renew.ts";
import { readTokens, TokenPlace } from "../../../src/transport/oauth/token_file.ts";
import { FakeProvider } from "../../support/fake_provider.ts";

const NOW = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
const NONE = {
  provider: null,
  clientId: "client",
  clientSecretFile: null,
  authorizeUrl: null,
  tokenUrl: null,
  deviceUrl: null,
  scope: null,
  tokenFile: null,
} as const;

/** A login by a provider, kept in a folder of its own, as it stands at NOW. */
class Login implements AsyncDisposable {
  readonly provider = new FakeProvider();
  readonly client = clientOf("default", { ...NONE, tokenUrl: `${this.provider.url}/token` });

  private constructor(readonly folder: string) {}

  static async make(endsInMs: number): Promise<Login> {
    const login = new Login(await Deno.makeTempDir({ prefix: "mailq-login-" }));
    using place = TokenPlace.make(login.file, login.folder);
    await place.put({
      accessToken: "first",
      accessEndsAt: NOW + endsInMs,
      refreshToken: login.provider.refreshToken(),
      endsAt: null,
      renewedAt: NOW,
      trouble: null,
      isOver: false,
    });
    return login;
  }

  get file(): string {
    return `${this.folder}/login`;
  }

  token(more: { refused?: string; renewedSince?: number } = {}): Promise<string> {
    return accessToken(this.client, this.file, { now: () => NOW, ...more });
  }

  names(): string[] {
    return [...Deno.readDirSync(this.folder)].map(({ name }) => name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.provider[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("accessToken: one that is good is given, without asking anybody", async () => {
  await using login = await Login.make(HOUR_MS);
  assert.equal(await login.token(), "first");
  assert.deepEqual(login.provider.asked, []);
});

Deno.test("accessToken: one that ends soon is renewed, and both tokens are kept, for the owner alone", async () => {
  await using login = await Login.make(60_000);
  const token = await login.token();
  assert.ok(login.provider.access.has(token));
  assert.equal(await login.token(), token);
  assert.equal(login.provider.renewals, 1);
  const kept = readTokens(login.file);
  assert.equal(kept?.accessToken, token);
  assert.equal(kept?.accessEndsAt, NOW + HOUR_MS);
  assert.equal((Deno.statSync(login.file).mode ?? 0) & 0o777, 0o600);
  assert.deepEqual(login.names(), ["login", "login-lock"]);
});

Deno.test("accessToken: many at once renew once, so that no rotated token is used twice", async () => {
  await using login = await Login.make(60_000);
  const tokens = await Promise.all(Array.from({ length: 20 }, () => login.token()));
  assert.equal(new Set(tokens).size, 1);
  assert.equal(login.provider.renewals, 1);
  for (let n = 0; n < 5; n++) {
    const [token] = tokens;
    const [next] = await Promise.all([1, 2, 3].map(() => login.token({ refused: token })));
    tokens.unshift(next ?? "");
  }
  assert.equal(login.provider.isReused, false);
});

Deno.test("accessToken: renews what the relay refuses, and what was not renewed for long", async () => {
  await using login = await Login.make(HOUR_MS);
  const second = await login.token({ refused: "first" });
  assert.notEqual(second, "first");
  assert.equal(await login.token({ refused: "first" }), second, "another has done so meanwhile");
  await login.token({ renewedSince: NOW + 1 });
  assert.equal(login.provider.renewals, 2);
});

Deno.test("accessToken: a login that has ended says so, with the way out and no secret, and asks no more", async () => {
  await using login = await Login.make(60_000);
  login.provider.isRevoked = true;
  for (let n = 0; n < 2; n++) {
    await assert.rejects(login.token(), (error) => {
      assert.ok(error instanceof Error && error.name === "LoginTrouble");
      assert.match(error.message, /the login has ended .*invalid_grant.*`mailq login default`/);
      assert.doesNotMatch(error.message, /secret-/);
      return true;
    });
  }
  assert.equal(login.provider.renewals, 1);
  assert.equal(readTokens(login.file)?.isOver, true);
  assert.doesNotMatch(readTokens(login.file)?.trouble ?? "", /secret-/);
});

Deno.test("accessToken: a provider that is down is asked again, with the same token", async () => {
  await using login = await Login.make(60_000);
  login.provider.isDown = true;
  await assert.rejects(login.token(), /cannot be renewed: .* answers 503 down/);
  assert.match(readTokens(login.file)?.trouble ?? "", /answers 503/);
  login.provider.isDown = false;
  await login.token();
  assert.equal(readTokens(login.file)?.trouble, null);
});

Deno.test("accessToken: where a new token cannot be kept, the old one is not used up", async () => {
  await using login = await Login.make(60_000);
  await login.token({ refused: "first" }); // makes the lock's file
  const before = login.provider.renewals;
  // Nothing can be made beside it, by root either.
  await Deno.rename(login.folder, `${login.folder}-away`);
  await Deno.mkdir(login.folder);
  await Deno.symlink(`${login.folder}-away/login`, login.file);
  await Deno.symlink("/nowhere/lock", `${login.file}-lock`);
  const refused = readTokens(login.file)?.accessToken;
  await assert.rejects(login.token({ refused }), { name: "LoginTrouble" });
  assert.equal(login.provider.renewals, before);
  await Deno.remove(`${login.folder}-away`, { recursive: true });
});

Deno.test("accessToken: without a login it says how to make one", async () => {
  await using login = await Login.make(HOUR_MS);
  await Deno.remove(login.file);
  await assert.rejects(
    login.token(),
    /nobody has logged in to this relay yet: `mailq login default`/,
  );
  await Deno.writeTextFile(login.file, "no JSON");
  await assert.rejects(login.token(), /holds no login/);
});

Deno.test("clientOf: knows two providers, takes others by https alone, names what is missing", () => {
  const google = clientOf("g", { ...NONE, provider: "google" });
  assert.equal(google.tokenUrl, "https://oauth2.googleapis.com/token");
  assert.equal(google.extra.access_type, "offline");
  const microsoft = clientOf("m", { ...NONE, provider: "microsoft", scope: "other" });
  assert.match(microsoft.deviceUrl ?? "", /devicecode$/);
  assert.equal(microsoft.scope, "other");
  const cases = [
    [{ ...NONE, clientId: null }, /expected relay\.x\.oauth\.client_id/],
    [NONE, /expected relay\.x\.oauth\.provider .*token_url/],
    [{ ...NONE, tokenUrl: "http://tokens.test/" }, /expected an https: URL/],
    [{ ...NONE, tokenUrl: "nothing" }, /expected an https: URL/],
  ] as const;
  for (const [settings, words] of cases) {
    assert.throws(() => clientOf("x", settings), words);
  }
});
