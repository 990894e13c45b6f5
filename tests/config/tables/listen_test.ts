import assert from "node:assert/strict";
import { addressText, parseListenAddress } from "../../../src/config/tables/listen.ts";
import { MailqError } from "../../../src/queue/errors.ts";
import { load, loadFile } from "../fake_machine.ts";

const TLS = 'tls.cert = "/c.pem"\ntls.key = "/k.pem"\n';

/** A place as it is written, and as it is shown. */
const PLACES: readonly (readonly [string, string])[] = [
  ["127.0.0.1:587", "127.0.0.1:587"],
  ["smtp://127.0.0.1:0", "127.0.0.1:0"],
  ["localhost:25", "127.0.0.1:25"],
  ["[::1]:587", "[::1]:587"],
  ["*:465", "*:465"],
  ["SMTPS://*:465", "smtps://*:465"],
  ["/run/mailq/smtp", "/run/mailq/smtp"],
  ["systemd:smtp", "systemd:smtp"],
  ["smtps://systemd:submissions", "smtps://systemd:submissions"],
];

for (const [text, shown] of PLACES) {
  Deno.test(`parseListenAddress: ${text}`, () => {
    const address = parseListenAddress(text);
    assert.ok(address !== null);
    assert.equal(addressText(address), shown);
    assert.deepEqual(parseListenAddress(shown), address);
  });
}

for (
  const text of [
    "587",
    ":587",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:65536",
    "10.0.0.0/8:25",
    "mail.example.org:587",
    "[127.0.0.1]:25",
    "::1:587",
    "smtps:///run/x",
    "http://127.0.0.1:80",
    "run/smtp",
    "systemd:",
    "systemd:a:b",
  ]
) {
  Deno.test(`parseListenAddress: "${text}" is no place`, () => {
    assert.equal(parseListenAddress(text), null);
  });
}

/** What stands below [listen], and what is wrong with it. */
const WRONG: readonly (readonly [string, RegExp])[] = [
  ['smtp = "*:587"', /\*:587: whoever reaches it could send .*mailq.toml:2.*allow = \[.*users = /],
  ['smtp = "0.0.0.0:25"', /could send mail to anybody/],
  ['smtp = ["127.0.0.1:25", "10.1.2.3:25"]', /10\.1\.2\.3:25: whoever reaches it/],
  ['smtp = "mail:25"', /Cannot use listen.smtp = "mail:25" \(.*:2\): expected an address and port/],
  ["smtp = 25", /Cannot use listen.smtp = 25 .*: expected a text, or a list/],
  ['smtp = "smtps://127.0.0.1:465"', /smtps:.*expected the certificate's files in listen.tls.cert/],
  ['smtp = "127.0.0.1:25"\ntls.cert = "/c"', /listen.tls.cert alone .*:3.*: expected a key/],
  ['smtp = "127.0.0.1:25"\ntls.key = "/k"', /listen.tls.key alone/],
  [
    'smtp = "*:25"\nallow = "10.0.0.1/8"',
    /Cannot use listen.allow = "10.0.0.1\/8" .*networks such/,
  ],
  ['smtp = "*:25"\nallow = ["10.0.0.0/8", "x"]', /Cannot use listen.allow = "x"/],
  ['smtp = "127.0.0.1:25"\nallow = "10.0.0.0/8"', /listen.allow is without effect/],
  ['smtp = "*:25"\nusers = "/u"', /passwords in clear from other machines/],
  ['users = "/u"', /listen.users is without effect .*: expected listen.smtp beside it/],
  ['allow = "10.0.0.0/8"', /listen.allow is without effect/],
  [TLS, /listen.tls.cert is without effect/],
  ["max_connections = 5", /listen.max_connections is without effect/],
  ["max_connections = 0", /Cannot use listen.max_connections = 0 .*1 or more/],
  ['smtps = "x"', /Unknown setting listen.smtps .*did you mean listen.smtp\?/],
];

for (const [text, expected] of WRONG) {
  Deno.test(`[listen] ${text}: is refused`, async () => {
    const error = await loadFile(`[listen]\n${text}`).then(() => null, (error: unknown) => error);
    assert.ok(error instanceof MailqError, "refused");
    assert.equal(error.exit, 78);
    assert.match(error.message, expected);
  });
}

for (
  const text of [
    'smtp = "127.0.0.1:587"',
    'smtp = "localhost:587, [::1]:587 /run/mailq/smtp"',
    'smtp = "*:587"\nallow = "10.0.0.0/8, fd00::/8 192.0.2.7"',
    `smtp = ["*:587", "smtps://*:465"]\nusers = "/u"\n${TLS}`,
    'smtp = "127.0.0.1:587"\nusers = "/u"',
    `smtp = "/run/mailq/smtp"\n${TLS}`,
    'smtp = "systemd:smtp"\nallow = "10.0.0.0/8"',
    'smtp = "none"',
    "",
  ]
) {
  Deno.test(`[listen] ${text}: is taken`, async () => {
    await loadFile(`[listen]\n${text}`);
  });
}

Deno.test("[listen]: is of no concern where mail is taken in", async () => {
  const settings = await loadFile('[listen]\nsmtp = "*:25"\n', { purpose: "intake" });
  assert.deepEqual(settings.warnings, []);
});

Deno.test("[listen]: can be set by variables", async () => {
  const { listen } = await load({
    env: { MAILQ_LISTEN_SMTP: "127.0.0.1:25 [::1]:25", MAILQ_LISTEN_MAX_CONNECTIONS: "7" },
  });
  assert.deepEqual(listen?.smtp.map(addressText), ["127.0.0.1:25", "[::1]:25"]);
  assert.equal(listen?.maxConnections, 7);
});
