import assert from "node:assert/strict";
import type { AuthKind } from "../../../../src/queue/relay_target.ts";
import { mechanismsFor } from "../../../../src/transport/smtp/session/mechanisms.ts";

const TOKENS = [`eyJ${"a1B2".repeat(50)}.x-_y`, "ya29.a0AfH6SMB-x_y", "y0_AgAAAABk3xQ2LmZ7"];
const LONG_PASSWORD = "Kd83hfQ2".repeat(16);
const ALL = "LOGIN PLAIN XOAUTH2 OAUTHBEARER SCRAM-SHA-256";

Deno.test("mechanismsFor: those offered, the best first, the likelier kind of secret before the other", () => {
  const cases: readonly [offered: string, secret: string, expected: string, AuthKind?][] = [
    ["PLAIN LOGIN SCRAM-SHA-256", "pw", "SCRAM-SHA-256 PLAIN LOGIN"],
    ["login", "pw", "LOGIN"],
    ["LOGIN,PLAIN", "pw", "PLAIN LOGIN"],
    [ALL, "pw", "SCRAM-SHA-256 PLAIN LOGIN OAUTHBEARER XOAUTH2"],
    [ALL, LONG_PASSWORD, "OAUTHBEARER XOAUTH2 SCRAM-SHA-256 PLAIN LOGIN"],
    ["LOGIN XOAUTH2", `EwB${"4A8/l6".repeat(200)}==`, "XOAUTH2 LOGIN"],
    ["PLAIN XOAUTH2", `SG.${"a".repeat(66)}`, "PLAIN XOAUTH2"],
    ["PLAIN XOAUTH2", "correct horse battery staple ".repeat(9), "PLAIN XOAUTH2"],
    ["SCRAM-SHA-256-PLUS CRAM-MD5 GSSAPI", "pw", ""],
    ["", "pw", ""],
    [ALL, LONG_PASSWORD, "SCRAM-SHA-256 PLAIN LOGIN", "password"],
    [ALL, "pw", "OAUTHBEARER XOAUTH2", "oauth"],
    [ALL, "pw", "LOGIN", "login"],
    [ALL, "pw", "SCRAM-SHA-256", "scram-sha-256"],
    ["PLAIN", "pw", "", "login"],
    ["PLAIN", "pw", "", "oauth"],
    ...TOKENS.map((token) => [ALL, token, "OAUTHBEARER XOAUTH2 SCRAM-SHA-256 PLAIN LOGIN"] as const)
      .map(([offered, secret, expected]): [string, string, string] => [offered, secret, expected]),
  ];
  for (const [offered, secret, expected, auth = null] of cases) {
    const found = mechanismsFor({ offered, secret, auth }).join(" ");
    assert.equal(found, expected, `${offered} ${secret.slice(0, 5)} ${auth}`);
  }
});
