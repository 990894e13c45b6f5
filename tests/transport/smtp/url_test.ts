import assert from "node:assert/strict";
import { MailqError } from "../../../src/queue/errors.ts";
import { parseSmtpUrl } from "../../../src/transport/smtp/url.ts";

const READ: readonly (readonly [string, string, number, string | null])[] = [
  ["smtp://localhost:25", "localhost", 25, null],
  ["smtp://mail.example.com", "mail.example.com", 25, null],
  ["SMTP://mail.example.com:2525/", "mail.example.com", 2525, null],
  ["smtp://127.0.0.1:1", "127.0.0.1", 1, null],
  ["smtp://[::1]:587", "::1", 587, null],
  ["smtp://[fe80::1%eth0]", "fe80::1%eth0", 25, null],
  ["smtp://user@mail.example.com:587", "mail.example.com", 587, "user"],
  ["smtp://user%40example.com@mail.example.com", "mail.example.com", 25, "user@example.com"],
  ["smtp://user@example.com@mail.example.com", "mail.example.com", 25, "user@example.com"],
  ["smtp://my_relay", "my_relay", 25, null],
];

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["smtp:localhost", /expected smtp:\/\//],
  ["http://localhost", /expected smtp:\/\//],
  ["smtp://", /host is missing/],
  ["smtp://:25", /host is missing/],
  ["smtp://mail:0", /port is "0"/],
  ["smtp://mail:65536", /port is "65536", expected 1 to 65535/],
  ["smtp://mail:smtp", /port is "smtp"/],
  ["smtp://mail:", /port is ""/],
  ["smtp://mail/inbox", /nothing may follow/],
  ["smtp://mail?x=1", /nothing may follow/],
  ["smtp://ma il", /"ma il" is no host/],
  ["smtp://ma\r\nil", /is no host/],
  ["smtp://[::g]", /"::g" is no IPv6 address/],
  ["smtp://[1.2.3.4]", /is no IPv6 address/],
  ["smtp://::1", /belongs in brackets/],
  ["smtp://2001:db8::1", /belongs in brackets/],
  ["smtp://user:secret@mail", /password_file/],
  ["smtp://@mail", /user before "@" is missing/],
  ["smtp://%zz@mail", /begins no encoded character/],
  ["smtp://a%0Ab@mail", /control character/],
];

Deno.test("parseSmtpUrl: host, port and user", () => {
  for (const [url, host, port, user] of READ) {
    assert.deepEqual(parseSmtpUrl(url), { host, port, user }, url);
  }
});

Deno.test("parseSmtpUrl: says what is wrong", () => {
  for (const [url, why] of REFUSED) {
    assert.throws(() => parseSmtpUrl(url), (error) => {
      assert.ok(error instanceof MailqError, url);
      assert.equal(error.code, "config_invalid");
      assert.match(error.message, why);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  }
});
