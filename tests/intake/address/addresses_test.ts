import assert from "node:assert/strict";
import fc from "fast-check";
import parse from "nodemailer/lib/addressparser";
import { readAddresses } from "../../../src/intake/address/addresses.ts";
import { standsIn } from "../comments.ts";
import { MailqError } from "../../../src/queue/errors.ts";

async function addressesOf(text: string): Promise<string[]> {
  return (await readAddresses(text, "To")).addresses.map(({ address }) => address);
}

const GOOD: readonly [string, string, string[]][] = [
  ["a bare address", "a@b.c", ["a@b.c"]],
  ["a list", "a@b.c, d@e.f ,g@h.i", ["a@b.c", "d@e.f", "g@h.i"]],
  ["blanks and nothing between commas", " , a@b.c,\t,, d@e.f,", ["a@b.c", "d@e.f"]],
  ["a name", "Joe Bloggs <a@b.c>", ["a@b.c"]],
  ["a quoted name with a comma and an @", '"Bloggs, J. @ home" <a@b.c>, d@e.f', ["a@b.c", "d@e.f"]],
  ["a quoted name with quotes in it", '"J \\"J\\" B" <a@b.c>', ["a@b.c"]],
  ["an apostrophe and dots in a name", "Dr. O'Neil <o'neil@b.c>", ["o'neil@b.c"]],
  ["an encoded name with an encoded @", "=?utf-8?q?J=40x?= <a@b.c>", ["a@b.c"]],
  ["comments", "(x, <q@r.s>) a@b.c (y (z)), d@e.f", ["a@b.c", "d@e.f"]],
  ["a bare name with a comment, as cron writes", "root (Cron Daemon)", ["root"]],
  ["an empty group", "undisclosed-recipients:;", []],
  ["an empty group without its end", "Undisclosed recipients:", []],
  ["groups", "A: a@b.c, X <d@e.f>;, g@h.i, B:;", ["a@b.c", "d@e.f", "g@h.i"]],
  ["semicolons as separators", "a@b.c; d@e.f", ["a@b.c", "d@e.f"]],
  ["a quoted local part", '"john doe"@b.c', ['"john doe"@b.c']],
  ["a quoted local part in brackets", 'J <"a@evil.org"@b.c>', ['"a@evil.org"@b.c']],
  ["needless quotes", '"joe"@b.c', ['"joe"@b.c']],
  ["an address literal", "a@[192.0.2.1], <b@[IPv6:2001:db8::1]>", [
    "a@[192.0.2.1]",
    "b@[IPv6:2001:db8::1]",
  ]],
  ["UTF-8", "Jörg <jörg@bücher.example>, 用户@例子.广告", [
    "jörg@bücher.example",
    "用户@例子.广告",
  ]],
  ["bare names", "root, www-data, Ann <ann>", ["root", "www-data", "ann"]],
  ["plus, equals, slashes, percents", "a+b=c/d%e@f.g", ["a+b=c/d%e@f.g"]],
  ["dots some providers allow", "a..b.@c.d", ["a..b.@c.d"]],
  ["a local part over 64 bytes", `${"l".repeat(80)}@b.c`, [`${"l".repeat(80)}@b.c`]],
  ["nothing", "", []],
  ["a comment before the @", "ann(work)@example.net", ["ann@example.net"]],
  ["comments on both sides of the @", "ann(a(b)c)@(d)e.f, g@h.i", ["ann@e.f", "g@h.i"]],
  ["an address in such a comment", "ann(x@y.z, b@c.d)@e.f", ["ann@e.f"]],
  ["comments in brackets", "Ann <ann(work)@(at)example.net>", ["ann@example.net"]],
  ["a comment behind a quoted local part", '"a b"(c)@d.e', ['"a b"@d.e']],
];

for (const [name, text, expected] of GOOD) {
  Deno.test(`readAddresses: reads ${name}`, async () => {
    assert.deepEqual(await addressesOf(text), expected);
  });
}

const BAD: readonly [string, string][] = [
  ["an address as name of another", "a@b.c <d@e.f>"],
  ["two addresses without a comma", "a@b.c d@e.f"],
  ["a name after an address", "a@b.c Joe"],
  ["a name before an address without brackets", "Joe a@b.c"],
  ["an unquoted @ in a name", "Joe @ home <a@b.c>"],
  ["an escaped @ in a name", "Joe\\@home <a@b.c>"],
  ["two brackets", "<a@b.c> <d@e.f>"],
  ["brackets in brackets", "<a@b.c <d@e.f>>"],
  ["text after the brackets", "<a@b.c> x"],
  ["two addresses in brackets", "<a@b.c d@e.f>"],
  ["a list in brackets", "<a@b.c,d@e.f>"],
  ["a source route", "<@a.b,@c.d:e@f.g>"],
  ["empty brackets", "<>"],
  ["LF", "a@b.c\n"],
  ["CR LF and a field", "a@b.c\r\nBcc: d@e.f"],
  ["CR LF and an SMTP command", "a@b.c>\r\nRCPT TO:<d@e.f"],
  ["CR", "a@b.c\rx"],
  ["NUL", "a@b.c\0.d"],
  ["NUL in a quoted string", '"a\0" <a@b.c>'],
  ["LF in a comment", "a@b.c (x\ny)"],
  ["another control character", "a\x08@b.c"],
  ["a C1 control character", "a\x85@b.c"],
  ["a blank at the @", "a @b.c"],
  ["a blank in the domain", "a@b .c"],
  ["two @", "a@b@c.d"],
  ["no local part", "@b.c"],
  ["no domain", "a@"],
  ["a dot too many in the domain", "a@b..c"],
  ["a last dot", "a@b.c."],
  ["a first hyphen in the domain", "a@-b.c"],
  ["bytes that were no UTF-8", "a\ufffd@b.c"],
  ["a line separator", "a\u2028@b.c"],
  ["a no-break space", "a@b.c\u00a0"],
  ["a byte order mark", "\ufeffa@b.c"],
  ["marks that turn the writing", "a\u202e@b.c"],
  ["half a pair", "a\ud800@b.c"],
  ["an open quoted string", '"Joe <a@b.c>'],
  ["an open comment", "a@b.c (x"],
  ["an open bracket", "Joe <a@b.c"],
  ["a stray closing bracket", "a@b.c>"],
  ["a stray closing parenthesis", "a@b.c)"],
  ["an open address literal", "a@[192.0.2.1"],
  ["junk in an address literal", "a@[x@evil.org]"],
  ["a comment in the middle of a local part", "a(b)c@d.e"],
  ["a comment in the middle of a domain", "a@b(c).d"],
  ["a comment that is no end of a local part", "a(b) @c.d"],
  ["an address in a comment before the @ of none", "(a@b.c)@d.e"],
  ["an open comment in brackets", "<a(b@c.d>"],
  ["a quoted string in a local part", 'a"b"c@d.e'],
  ["a group in a group", "A: B: a@b.c;;"],
  ["a group named by an address", "x@y.z: a@b.c;"],
  ["a group without a name", ": a@b.c;"],
  ["an encoded word cut in two", "=?utf-8?q?J,_K?= <a@b.c> <d@e.f>"],
  ["over 254 bytes", `a@${"b".repeat(60)}.${"c".repeat(200)}`],
  ["over 254 bytes of UTF-8", `a@${"é".repeat(130)}.c`],
];

for (const [name, text] of BAD) {
  Deno.test(`readAddresses: refuses ${name}`, async () => {
    await assert.rejects(readAddresses(text, "To"), (error: unknown) => {
      assert.ok(error instanceof MailqError);
      assert.equal(error.code, "bad_address");
      // JSON's escapes keep the quoted text on one line.
      assert.match(error.message, /^Cannot use "[^]*" in To: /);
      assert.ok(!/[\r\n\0]/.test(error.message));
      return true;
    });
  });
}

Deno.test("readAddresses: tells names that nobody could write to", async () => {
  const { addresses, nameless } = await readAddresses('Joe Bloggs, "root", root, a!b', "To");
  assert.deepEqual(addresses, [{ address: "root", isLocal: true }]);
  assert.deepEqual(nameless, ["Joe Bloggs", '"root"', "a!b"]);
});

Deno.test("readAddresses: quotes only the entry at fault, and little of it", async () => {
  await assert.rejects(
    readAddresses(`a@b.c, x y@z, ${"d@e.f,".repeat(1000)}`, "Cc"),
    (error: unknown) => {
      assert.ok(error instanceof MailqError && error.message.length < 250);
      return error.message.startsWith('Cannot use "x y@z');
    },
  );
});

Deno.test("readAddresses: reads 10,000 recipients, plain or not, in a moment", async () => {
  const plain = Array.from({ length: 10_000 }, (_, i) => `User ${i} <user${i}@example.org>`);
  assert.equal((await addressesOf(plain.join(",\t"))).length, 10_000);
  const odd = Array.from({ length: 10_000 }, (_, i) => `"user, ${i}"@example.org (x)`);
  assert.equal((await addressesOf(odd.join(", "))).length, 10_000);
});

const atom = fc.string({
  unit: fc.constantFrom(..."abcXYZ019!#$%&'*+/=^_`{|}~-"),
  minLength: 1,
  maxLength: 8,
});
const domain = fc.array(fc.string({ unit: fc.constantFrom(..."abz09"), minLength: 1 }), {
  minLength: 2,
  maxLength: 3,
}).map((labels) => labels.join("."));
const address = fc.tuple(atom, domain).map(([local, domain]) => `${local}@${domain}`);
const name = fc.oneof(
  fc.array(atom, { maxLength: 3 }).map((words) => words.join(" ")),
  fc.string({ unit: fc.constantFrom(..."ab,;:<>()@. '") }).map((text) => `"${text}"`),
);
const mailbox = fc.oneof(address, fc.tuple(name, address).map(([name, a]) => `${name} <${a}>`));

Deno.test("readAddresses: agrees with nodemailer on what it reads alone", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(mailbox, { maxLength: 5 }), async (mailboxes) => {
      const text = mailboxes.join(", ");
      const theirs = parse(text, { flatten: true }).map((found) => found.address);
      assert.deepEqual(await addressesOf(text), theirs);
    }),
    { numRuns: 1500 },
  );
});

const SPECIALS = ["<", ">", "(", ")", '"', "\\", ",", ";", ":", "@", "[", "]", ".", " ", "\t", "'"];
const BITS = ["a@b.c", "d@e.f", "root", '"x y"@z', "@[::1]", "é", "(c)", '"q"', "=?utf-8?q?=40?="];
const CONTROLS = ["\r\n ", "\r", "\n", "\0", "\x7f", "\u2028", "\ufffd"];
const listOf = (parts: string[]) => fc.array(fc.constantFrom(...parts), { maxLength: 9 });
const hostile = fc.oneof(
  listOf([...SPECIALS, ...BITS]),
  listOf([...SPECIALS, ...BITS, ...BITS, ...BITS]),
  listOf([...SPECIALS, ...BITS, ...CONTROLS]),
).map((parts) => parts.join(""));

Deno.test("readAddresses: what it takes from hostile text stood there, whole and harmless", async () => {
  await fc.assert(
    fc.asyncProperty(hostile, async (text) => {
      try {
        for (const { address, isLocal } of (await readAddresses(text, "To")).addresses) {
          assert.ok(standsIn(text, address));
          assert.ok(!/[\p{Cc}\p{Z}<>,]/u.test(address.replace(/^"[ -~]*"@/, "@")));
          assert.equal(address.replace(/^"[^]*"@/, "q@").split("@").length, isLocal ? 1 : 2);
        }
      } catch (error) {
        assert.ok(error instanceof MailqError && error.code === "bad_address", String(error));
      }
    }),
    { numRuns: 4000 },
  );
});

Deno.test("readAddresses: never hangs on long hostile text", async () => {
  for (
    const part of ["<", "(", '"', "\\", "a ", "a@", "@[", "()", '"" ', ": ", "a(b)", "'", "a.b"]
  ) {
    const text = part.repeat(Math.floor(300_000 / part.length));
    await readAddresses(text, "To").catch((error) => assert.ok(error instanceof MailqError));
  }
});

Deno.test("addressError: quotes controls of every kind escaped", async () => {
  for (const control of ["\0", "\x1b", "\x7f", "\x80", "\x9b"]) {
    await assert.rejects(
      readAddresses(`a${control}@b.test`, "From"),
      (error: Error) => !/\p{Cc}/u.test(error.message) && /\\u00/.test(error.message),
    );
  }
});
