import assert from "node:assert/strict";
import { formatValue, type Kind, Mismatch, readValue } from "../../src/config/kinds.ts";
import { definitionOf, RELAY_KEYS, SETTINGS } from "../../src/config/definitions.ts";

const KB = 1024;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const RIGHT: readonly [Kind, unknown, unknown, string][] = [
  ["string", " me ", "me", "me"],
  ["path", "/run/lock", "/run/lock", "/run/lock"],
  ["command", "pass show mail", "pass show mail", "pass show mail"],
  ["bool", true, true, "true"],
  ["bool", "YES", true, "true"],
  ["bool", "1", true, "true"],
  ["bool", false, false, "false"],
  ["bool", "off", false, "false"],
  ["int", 7, 7, "7"],
  ["int", "7", 7, "7"],
  ["int", 0, 0, "0"],
  ["size", "50MB", 50 * KB * KB, "50MB"],
  ["size", "512 kb", 512 * KB, "512KB"],
  ["size", "1GiB", KB ** 3, "1GB"],
  ["size", "1.5K", 1536, "1536"],
  ["size", "1000", 1000, "1000"],
  ["size", 1000, 1000, "1000"],
  ["duration", "90s", 90_000, "1m30s"],
  ["duration", "7d", 7 * DAY, "7d"],
  ["duration", 0, 0, "0s"],
  ["durations", "5m, 1h 2d", [300_000, HOUR, 2 * DAY], "5m 1h 2d"],
  ["durations", ["5m", "1h"], [300_000, HOUR], "5m 1h"],
  ["rate", "100/m", { count: 100, perMs: 60_000 }, "100/m"],
  ["rate", "10/s", { count: 10, perMs: 1_000 }, "10/s"],
  ["rate", " 5000 / h ", { count: 5000, perMs: HOUR }, "5000/h"],
  ["rate", "20000/d", { count: 20_000, perMs: DAY }, "20000/d"],
  ["address", "a.b+c@example.org", "a.b+c@example.org", "a.b+c@example.org"],
  ["address", '"a b@c"@example.org', '"a b@c"@example.org', '"a b@c"@example.org'],
  ["address", "jürgen@bücher.example", "jürgen@bücher.example", "jürgen@bücher.example"],
  ["hostname", "mail-1.example.org", "mail-1.example.org", "mail-1.example.org"],
  ["hostname", "bücher.example", "bücher.example", "bücher.example"],
  ["queue", "/var/q.db", "/var/q.db", "/var/q.db"],
  ["queue", "postgres://u:pw@h/q", "postgres://u:pw@h/q", "postgres://u:***@h/q"],
  ["url", "smtp://me:pw@host", "smtp://me:pw@host", "smtp://me:***@host"],
  ["fingerprint", "ab".repeat(32), "ab".repeat(32), "ab".repeat(32)],
  [
    "fingerprint",
    `SHA256:${Array(32).fill("0F").join(":")}`,
    `SHA256:${Array(32).fill("0F").join(":")}`,
    `SHA256:${Array(32).fill("0F").join(":")}`,
  ],
];

for (const [kind, raw, value, text] of RIGHT) {
  Deno.test(`readValue: ${kind} ${JSON.stringify(raw)}`, () => {
    const read = readValue(raw, { kind });
    assert.deepEqual(read, value);
    assert.ok(!(read instanceof Mismatch));
    assert.equal(formatValue(read, kind), text);
  });
}

const WRONG: readonly [Kind, readonly unknown[], expected: string][] = [
  ["string", ["", "  ", "a\nb", "a\0", 5], "a text"],
  ["path", ["", 5], "a path"],
  ["command", ["", true], "a command"],
  ["bool", ["maybe", 2, 1], "true or false"],
  ["int", ["x", "-1", -1, 1.5, "1e3", true, [], 2 ** 60], "a whole number, 0 or more"],
  [
    "size",
    ["", "50XB", "-1", "MB", 0.5, true, "1.0001K"],
    "a size such as 50MB, 512KB or a number of bytes",
  ],
  [
    "duration",
    ["", "5", "5 minutes", 30, "-5m", true, ["5m"]],
    "a duration such as 90s, 15m, 4h or 7d",
  ],
  ["durations", ["", [], "5m soon", ["5m", 7], 5], 'durations such as "5m 15m 1h"'],
  [
    "rate",
    ["", "100", "0/m", "100/w", "1.5/s", 100],
    "a rate such as 10/s, 100/m, 5000/h or 20000/d",
  ],
  [
    "address",
    ["", "root", "@example.org", "a@", "a@b@c", "a b@c", "Me <a@b>", "a@b\r\nRCPT", 5],
    "an address such as name@example.org",
  ],
  [
    "hostname",
    ["", "a b", "-a", "a-", "a.", "a/b", "x".repeat(254)],
    "a host name such as mail.example.org",
  ],
  ["queue", ["", 5], "the path or URL of a queue"],
  ["fingerprint", ["", "abcd", "zz".repeat(32)], "a SHA-256 fingerprint of 64 hex digits"],
];

for (const [kind, raws, expected] of WRONG) {
  Deno.test(`readValue: what is no ${kind}`, () => {
    for (const raw of raws) {
      const read = readValue(raw, { kind });
      assert.ok(read instanceof Mismatch, JSON.stringify(raw));
      assert.deepEqual([read.expected, read.part], [expected, null]);
    }
  });
}

Deno.test("readValue: names the part that is wrong", () => {
  assert.deepEqual(
    readValue("mysql://h/q", { kind: "queue" }),
    new Mismatch(
      "a path, sqlite:PATH or postgres://HOST/DATABASE",
      'the scheme "mysql"',
    ),
  );
  assert.deepEqual(
    readValue("smtp://h:99999", { kind: "url" }),
    new Mismatch("1 to 65535", "port 99999"),
  );
});

Deno.test("readValue: keeps a setting's own bounds", () => {
  assert.deepEqual(
    readValue("0", { kind: "int", min: 1 }),
    new Mismatch("a whole number, 1 or more"),
  );
  assert.equal(readValue("Admin", { kind: "choice", choices: ["off", "admin"] }), "admin");
  assert.deepEqual(
    readValue("on", { kind: "choice", choices: ["off", "sender", "admin"] }),
    new Mismatch("off, sender or admin"),
  );
});

Deno.test("SETTINGS: every default reads back from its own text", () => {
  for (const [name, definition] of Object.entries({ ...SETTINGS, ...RELAY_KEYS })) {
    assert.match(definition.doc, /^[^\n]+[^.\s]$/, name);
    if (definition.default === null) continue;
    const text = formatValue(definition.default, definition.kind);
    assert.deepEqual(readValue(text, definition), definition.default, name);
  }
});

Deno.test("definitionOf: knows settings and relays' keys, and nothing that objects inherit", () => {
  assert.equal(definitionOf("retry.max"), SETTINGS["retry.max"]);
  assert.equal(definitionOf("relay.any.tls.mode"), RELAY_KEYS["tls.mode"]);
  for (const name of ["", "constructor", "__proto__", "relay.any.toString", "relay.url", "retry"]) {
    assert.equal(definitionOf(name), null, name);
  }
});
