import assert from "node:assert/strict";
import { chooseMechanism, isToken } from "../../../../src/transport/smtp/session/mechanisms.ts";

const TOKEN = `eyJ${"a1B2".repeat(50)}.x-_y`;

Deno.test("chooseMechanism: the best one offered, by the kind of secret", () => {
  const cases: readonly [string, string, string | null][] = [
    ["PLAIN LOGIN SCRAM-SHA-256", "pw", "SCRAM-SHA-256"],
    ["LOGIN PLAIN", "pw", "PLAIN"],
    ["login", "pw", "LOGIN"],
    ["LOGIN PLAIN XOAUTH2 OAUTHBEARER", "pw", "PLAIN"],
    ["LOGIN PLAIN XOAUTH2 OAUTHBEARER", TOKEN, "OAUTHBEARER"],
    ["LOGIN XOAUTH2", TOKEN, "XOAUTH2"],
    ["PLAIN LOGIN", TOKEN, "PLAIN"],
    ["XOAUTH2", "pw", "XOAUTH2"],
    ["SCRAM-SHA-256-PLUS CRAM-MD5 GSSAPI", "pw", null],
    ["", "pw", null],
  ];
  for (const [offered, secret, expected] of cases) {
    assert.equal(
      chooseMechanism({ offered, secret }),
      expected,
      `${offered} ${secret.slice(0, 5)}`,
    );
  }
});

Deno.test("isToken: tells access tokens from passwords and API keys", () => {
  for (const token of [TOKEN, "ya29.a0AfH6SMB-x_y", `EwB${"4A8/l6".repeat(200)}==`]) {
    assert.ok(isToken(token), token);
  }
  const passwords = ["hunter2", "correct horse battery staple ".repeat(9), `SG.${"a".repeat(66)}`];
  for (const password of passwords) assert.ok(!isToken(password), password);
});
