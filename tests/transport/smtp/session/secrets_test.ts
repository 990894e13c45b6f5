import assert from "node:assert/strict";
import { Secret } from "../../../../src/transport/smtp/session/secrets.ts";

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("Secret: a text is taken as it is and has no other", async () => {
  const secret = new Secret({ kind: "text", text: " p w " });
  assert.equal(await secret.get(), " p w ");
  assert.equal(await secret.renew(" p w "), false);
});

Deno.test("Secret: a file's first line, read once, and anew when refused", () =>
  inFolder(async (folder) => {
    const path = `${folder}/pw`;
    await Deno.writeTextFile(path, "first\r\nmore\n");
    const secret = new Secret({ kind: "file", path });
    assert.equal(await secret.get(), "first");
    await Deno.writeTextFile(path, "second");
    assert.equal(await secret.get(), "first");
    assert.equal(await secret.renew("first"), true);
    assert.equal(await secret.get(), "second");
    assert.equal(await secret.renew("second"), false);
    // Another connection was refused with the one before.
    assert.equal(await secret.renew("first"), true);
  }));

Deno.test("Secret: a command's first line, run once however many ask", () =>
  inFolder(async (folder) => {
    const command = `echo x >> "${folder}/runs"; echo token-$(wc -l < "${folder}/runs"); echo no`;
    const secret = new Secret({ kind: "command", command });
    const all = await Promise.all([secret.get(), secret.get(), secret.get()]);
    assert.deepEqual(all, ["token-1", "token-1", "token-1"]);
    assert.equal(await secret.renew("token-1"), true);
    assert.equal(await secret.get(), "token-2");
  }));

const FAILURES: readonly (readonly [string, string, RegExp])[] = [
  ["fails", "echo s3cret; echo s3cret >&2; exit 3", /^password_command ended with status 3: run/],
  [
    "prints no UTF-8",
    "printf 'p\\374w'",
    /^the output of password_command is no UTF-8, as which a password is sent$/,
  ],
  ["prints nothing", "true", /^the output of password_command has no password in it$/],
  ["is killed", "kill -9 $$", /^password_command was ended by SIGKILL: run/],
];
for (const [what, command, expected] of FAILURES) {
  Deno.test(`Secret: a command that ${what} says so, without what it said`, async () => {
    const secret = new Secret({ kind: "command", command });
    await assert.rejects(() => secret.get(), { kind: "login", message: expected });
    assert.equal(await secret.renew("x"), false);
  });
}

Deno.test("Secret: a file that is no UTF-8 is another password to nobody", () =>
  inFolder(async (folder) => {
    const path = `${folder}/pw`;
    await Deno.writeFile(path, Uint8Array.of(112, 252, 119, 10));
    const secret = new Secret({ kind: "file", path });
    await assert.rejects(() => secret.get(), { kind: "login", message: /pw" is no UTF-8/ });
    await Deno.writeFile(path, Uint8Array.of(112, 10, 252));
    assert.equal(await secret.get(), "p", "what follows its line is no matter");
  }));

Deno.test("Secret: a file that cannot be read is tried anew the next time", () =>
  inFolder(async (folder) => {
    const path = `${folder}/pw`;
    const secret = new Secret({ kind: "file", path });
    await assert.rejects(() => secret.get(), {
      kind: "login",
      message: /^cannot read password_fi/,
    });
    await Deno.writeTextFile(path, "");
    await assert.rejects(() => secret.get(), { message: /has no password in it$/ });
    await Deno.writeTextFile(path, "pw");
    assert.equal(await secret.get(), "pw");
  }));

Deno.test("Secret: the first of systemd's credentials that is there", () =>
  inFolder(async (folder) => {
    const paths = [`${folder}/mailq-password-main`, `${folder}/mailq-password`];
    const source = { kind: "credentials", paths } as const;
    await assert.rejects(() => new Secret(source).get(), {
      message:
        /^there is a user but no password: set password_file .* the credential ".*-password"$/,
    });
    await Deno.writeTextFile(`${folder}/mailq-password`, "general\n");
    assert.equal(await new Secret(source).get(), "general");
    await Deno.writeTextFile(`${folder}/mailq-password-main`, "main\n");
    assert.equal(await new Secret(source).get(), "main");
    await assert.rejects(() => new Secret({ kind: "credentials", paths: [] }).get(), {
      message: /^there is a user but no password: set password_file or password_command of this r/,
    });
  }));
