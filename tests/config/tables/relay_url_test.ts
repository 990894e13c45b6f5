import assert from "node:assert/strict";
import fc from "fast-check";
import { maskUrl, parseRelayUrl } from "../../../src/config/tables/relay_url.ts";
import { isLoopback } from "../../../src/queue/relay_target.ts";

const smtp = { kind: "smtp", port: 25, isImplicitTls: false, login: null } as const;

Deno.test("parseRelayUrl: reads every kind of relay", () => {
  const cases: readonly [string, unknown][] = [
    ["smtp://mail.example.org", { ...smtp, host: "mail.example.org" }],
    ["SMTP://mail.example.org/", { ...smtp, host: "mail.example.org" }],
    ["smtp://[::1]:2525", { ...smtp, host: "::1", port: 2525 }],
    ["smtps://h", { ...smtp, host: "h", port: 465, isImplicitTls: true }],
    ["smtp://me@h:587", { ...smtp, host: "h", port: 587, login: { user: "me", password: null } }],
    ["smtp://me:@h", { ...smtp, host: "h", login: { user: "me", password: "" } }],
    ["smtp://a%40b:p%2Fw@h", { ...smtp, host: "h", login: { user: "a@b", password: "p/w" } }],
    ["smtp://a@b.c:p:w@h", { ...smtp, host: "h", login: { user: "a@b.c", password: "p:w" } }],
    ["lmtp://h", { kind: "lmtp", host: "h", port: 24 }],
    ["lmtp:/run/dovecot/lmtp", { kind: "lmtp_socket", path: "/run/dovecot/lmtp" }],
    ["lmtp:unix:/run/lmtp", { kind: "lmtp_socket", path: "/run/lmtp" }],
    ["lmtp:///run/lmtp", { kind: "lmtp_socket", path: "/run/lmtp" }],
    ["sendmail:/usr/sbin/sendmail", { kind: "sendmail", path: "/usr/sbin/sendmail" }],
    ["exec:deliver --to me@h:25", { kind: "exec", command: "deliver --to me@h:25" }],
    ["maildir:/var/mail/me", { kind: "maildir", path: "/var/mail/me" }],
    ["maildir:///var/mail/me", { kind: "maildir", path: "/var/mail/me" }],
    ["file:/tmp/out.mbox", { kind: "file", path: "/tmp/out.mbox" }],
    ["console:", { kind: "console" }],
    ["null://", { kind: "null" }],
  ];
  for (const [url, target] of cases) assert.deepEqual(parseRelayUrl(url), target, url);
});

const ANY = "a URL such as smtp://user@host:587";
const HOST = "a host, such as smtp://host:25";
const SCHEMES = "one of smtp, smtps, lmtp, sendmail, maildir, file, exec, console, null";

Deno.test("parseRelayUrl: says which part is wrong and what would be right", () => {
  const cases: readonly [string, string | null, string][] = [
    ["", null, ANY],
    ["mail.example.org", null, ANY],
    ["http://h", 'the scheme "http"', SCHEMES],
    ["localhost:25", 'the scheme "localhost"', SCHEMES],
    ["smtp:", null, HOST],
    ["smtp:h", null, HOST],
    ["smtp://", null, HOST],
    ["smtp://:25", null, HOST],
    ["smtp://h h", null, HOST],
    ["smtp://::1", null, HOST],
    ["smtp://h:0", "port 0", "1 to 65535"],
    ["smtp://h:99999", "port 99999", "1 to 65535"],
    ["smtp://h:", "the port", "1 to 65535"],
    ["smtp://me:hunter2", "the port", "1 to 65535"],
    ["smtp://h/path", null, "nothing after the port, such as smtp://host:25"],
    ["smtp://@h", null, "a user before the @"],
    ["smtp://me:1%@h", null, "%25 for % in a user or password"],
    ["smtp://me:a/b@h", null, "%2F for /, %3F for ? and %23 for # in a user or password"],
    ["lmtp://me@h", null, "no login, such as lmtp://host:24: LMTP has none"],
    ["maildir:mail", null, "an absolute path, such as maildir:/path"],
    ["file://host/x", null, "an absolute path, such as file:/path"],
    ["exec: ", null, "a command, such as exec:/usr/local/bin/deliver"],
    ["console:x", null, "console: with nothing after it"],
  ];
  for (const [url, part, expected] of cases) {
    assert.deepEqual(parseRelayUrl(url), { kind: "wrong", part, expected }, url);
  }
});

Deno.test("maskUrl: hides passwords, also in URLs that are wrong", () => {
  const cases: readonly [string, string][] = [
    ["smtp://me:hunter2@h:25", "smtp://me:***@h:25"],
    ["smtp://a@b.c:hun@ter/2@h", "smtp://a@b.c:***@h"],
    ["smtp://us/er:hunter2@h", "smtp://us/er:***@h"],
    ["smtp://me:hunter2", "smtp://me:***"],
    ["smtp:me:hunter2@h", "smtp:***@h"],
    ["me:hunter2@h:25", "me:***@h:25"],
    ["postgres://u@h/q?password=hunter2&x=1", "postgres://u@h/q?password=***&x=1"],
    ["smtp://me@h:587", "smtp://me@h:587"],
    ["smtp://h:587/", "smtp://h:587/"],
    ["smtp://[::1]:25", "smtp://[::1]:25"],
    ["smtp://me:hunter2@[::1]:25", "smtp://me:***@[::1]:25"],
    ["exec:ssh me:x@h", "exec:ssh me:x@h"],
    ["/var/lib/q.db", "/var/lib/q.db"],
  ];
  for (const [url, shown] of cases) assert.equal(maskUrl(url), shown);
});

Deno.test("maskUrl: no password is seen in the mask or in what is said of the URL", () => {
  const secret = fc.string({ minLength: 1 }).map((tail) => `hunter2${tail}`);
  const scheme = fc.constantFrom("smtp://", "smtps://", "lmtp://", "smtp:", "http://", "");
  const user = fc.constantFrom("me", "me@example.org", "m%40e", "m/e");
  const host = fc.constantFrom("@h", "@h:99999", "@", "@[::1]:x", "");
  fc.assert(
    fc.property(scheme, user, secret, host, (scheme, user, password, host) => {
      // A URL of neither scheme nor host is no longer to be told from a path.
      fc.pre(scheme.endsWith("//") || host !== "");
      const url = `${scheme}${user}:${password}${host}`;
      assert.ok(!maskUrl(url).includes("hunter2"), maskUrl(url));
      const target = parseRelayUrl(url);
      if (target.kind === "wrong") {
        assert.ok(!`${target.part}${target.expected}`.includes("hunter2"), url);
      }
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("isLoopback: knows this machine by name and address", () => {
  for (const host of ["localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.1.2.3", "::1"]) {
    assert.ok(isLoopback(host), host);
  }
  for (const host of ["local", "127.example.org", "128.0.0.1", "::2", "localhost.example.org"]) {
    assert.ok(!isLoopback(host), host);
  }
});
