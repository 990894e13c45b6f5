import assert from "node:assert/strict";
import { domainToUnicode } from "node:url";
import fc from "fast-check";
import MailComposer from "nodemailer/lib/mail-composer";
import type { Email } from "postal-mime";
import type { Mailbox, Party } from "../../../src/intake/compose/draft.ts";
import { composeMessage } from "../../../src/intake/compose/compose.ts";
import { encodeList } from "../../../src/intake/compose/address_text.ts";
import { readAddresses } from "../../../src/intake/address/addresses.ts";
import { controlAt } from "../../../src/intake/header/headers.ts";
import { MailqError } from "../../../src/queue/errors.ts";
import { cpuMs } from "../../support/cpu_time.ts";
import { allOf, draftOf, fieldNames, longestLine, parse, take, tools } from "./drafts.ts";

const RUNS = { numRuns: 300 };

/** Text as people write it, with what is easily spoilt on the way. */
const PIECE = fc.oneof(
  fc.constantFrom(" ", "  ", ", ", '"', "\\", "<", ">", "(", ")", ";", ":", "@", "=", "?", "_"),
  fc.constantFrom("ü", "日本", "🎉", "é", ".", "\t", "-", "'", "x".repeat(80), "Wort ".repeat(20)),
  fc.string({ minLength: 1, maxLength: 6 }),
  fc.string({ unit: "binary", minLength: 1, maxLength: 4 }),
);
const TEXT = fc.array(PIECE, { maxLength: 12 }).map((pieces) => pieces.join(""));
/** What readers agree on: they trim and merge blanks, and decode what looks like encoded words. */
const LINE = TEXT.map((text) => text.toWellFormed().replace(/\p{C}|\p{Z}/gu, " ").trim())
  .filter((text) => !text.includes("=?"));
const BODY = fc.array(fc.oneof(PIECE, fc.constantFrom("\n", "\r\n", "\n\n", "\n.\n", " \n", "\0")))
  .map((pieces) => pieces.join("").toWellFormed());
const ADDRESS = fc.constantFrom(
  "a@b.test",
  "first.last+tag@sub.example.org",
  '"q t"@example.org',
  "jörg@bücher.example",
  "x@bücher.example",
);
const NAME = LINE.filter((name) => name !== "" && !/[@<>"\\(),;:]/.test(name));
const MAILBOX = fc.record({ name: fc.oneof(fc.constant(null), NAME), address: ADDRESS });

function people(mailboxes: Email["to"]): (readonly string[])[] {
  return (mailboxes ?? []).map(({ name, address }) => [name.replace(/\s+/g, " "), address ?? ""]);
}

function normal(text: string | undefined): string {
  return (text ?? "").replace(/\r\n?|\n/g, "\n").replace(/\n+$/, "");
}

Deno.test("composeMessage: reads as what nodemailer makes of the same parts", async () => {
  const parts = fc.record({
    from: MAILBOX,
    to: fc.array(MAILBOX, { minLength: 1, maxLength: 4 }),
    cc: fc.array(MAILBOX, { maxLength: 2 }),
    subject: LINE,
    text: BODY.filter((text) => !/\0|\r/.test(text)),
    html: fc.oneof(
      fc.constant(null),
      BODY.filter((text) => text.trim() !== "" && !/\0|\r/.test(text)),
    ),
  });
  await fc.assert(
    fc.asyncProperty(parts, async (given) => {
      const ours = await parse((await take(draftOf(given))).bytes);
      const party = ({ name, address }: Mailbox) => ({ name: name ?? "", address });
      const built = await new MailComposer({
        from: party(given.from),
        to: given.to.map(party),
        cc: given.cc.map(party),
        subject: given.subject,
        text: given.text,
        ...(given.html === null ? {} : { html: given.html }),
      }).compile().build();
      const theirs = await parse(built);
      for (const one of [ours, theirs]) {
        assert.deepEqual(people(one.to).length, given.to.length);
      }
      const view = (mail: Email) => ({
        from: people(mail.from === undefined ? [] : [mail.from]),
        to: people(mail.to),
        cc: people(mail.cc),
        subject: (mail.subject ?? "").replace(/\s+/g, " "),
        text: normal(mail.text),
        html: normal(mail.html),
      });
      assert.deepEqual(view(ours), view(theirs));
    }),
    RUNS,
  );
});

Deno.test("composeMessage: whatever it is given, no field, line or address is added", async () => {
  const anyText = fc.oneof(TEXT, fc.string({ unit: "binary" }), fc.constantFrom("a\r\nBcc: e@e.e"));
  /** Mostly what can be taken, or little else than errors would be seen. */
  const mostly = <T>(good: fc.Arbitrary<T>, odd: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 9, arbitrary: good }, { weight: 1, arbitrary: odd });
  const anyMailbox = fc.record({ name: fc.oneof(fc.constant(null), anyText), address: anyText });
  const party = mostly(
    fc.oneof<fc.Arbitrary<Party>[]>(MAILBOX, ADDRESS),
    fc.oneof<fc.Arbitrary<Party>[]>(anyText, anyMailbox),
  );
  const noText = fc.constant(null);
  const parts = fc.record({
    from: fc.oneof(noText, party),
    to: fc.array(party, { maxLength: 3 }),
    bcc: fc.array(party, { maxLength: 2 }),
    subject: fc.oneof(noText, mostly(LINE, anyText)),
    text: fc.oneof(anyText, BODY),
    html: fc.oneof(noText, anyText),
    headers: fc.array(
      fc.record({
        name: mostly(fc.constantFrom("X-A", "References"), anyText),
        value: mostly(LINE.map((text) => `v${text}`), anyText),
      }),
      { maxLength: 2 },
    ),
    attachments: fc.array(
      fc.record({
        name: mostly(fc.oneof(fc.constant("a.txt"), LINE), anyText),
        type: fc.oneof(noText, mostly(fc.constantFrom("image/png", "message/rfc822"), anyText)),
        cid: fc.oneof(noText, mostly(fc.constant("a.png"), anyText)),
        content: fc.record({ bytes: fc.uint8Array() }),
      }),
      { maxLength: 1 },
    ),
  });
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(parts, async (given) => {
      const draft = draftOf(given);
      try {
        const { bytes, recipients } = await composeMessage(draft, tools);
        const all = await allOf(bytes);
        assert.ok(longestLine(all) <= 998);
        const allowed = ["from", "to", "subject", "mime-version", "content-type"]
          .concat(["content-transfer-encoding", "content-disposition", "content-id"])
          .concat(given.headers.map(({ name }) => name.toLowerCase()));
        const names = fieldNames(all);
        assert.deepEqual(names.filter((name) => !allowed.includes(name)), []);
        assert.equal(new Set(names).size + given.headers.length >= names.length, true);
        const written = [...given.to, ...given.bcc]
          .map((one) => typeof one === "string" ? one : one.address)
          .join("\n");
        const inUnicode = written.normalize("NFKC").toLowerCase();
        for (const list of recipients) {
          for (const { address } of (await readAddresses(list, "test")).addresses) {
            const [local, domain = ""] = address.split(/@(?=[^@]*$)/);
            const asWritten = `${local}@${domainToUnicode(domain)}`.normalize("NFKC").toLowerCase();
            assert.ok(written.includes(address) || inUnicode.includes(asWritten), address);
          }
        }
        taken++;
      } catch (error) {
        if (!(error instanceof MailqError)) throw error;
        assert.equal(error.exit, 65);
        assert.ok(controlAt(error.message) < 0, error.message);
      }
    }),
    { numRuns: 1_000 },
  );
  assert.ok(taken > 300, `only ${taken} were taken`);
});

Deno.test("encodeList: names the same people, whatever the list", async () => {
  const entry = fc.tuple(NAME, ADDRESS, fc.constantFrom("plain", "quoted", "comment", "bare"));
  const list = fc.array(entry, { minLength: 1, maxLength: 5 }).map((entries) =>
    entries.map(([name, address, kind]) => {
      if (kind === "bare") return address;
      if (kind === "comment") return `(${name.replace(/[()\\]/g, "\\$&")}) ${address}`;
      return kind === "quoted" ? `"${name}" <${address}>` : `${name} <${address}>`;
    }).join(", ")
  );
  let read = 0;
  await fc.assert(
    fc.asyncProperty(list, async (text) => {
      const before = await readAddresses(text, "To").catch(() => null);
      if (before === null) return;
      read++;
      const after = await readAddresses(encodeList(text, null), "To");
      const ascii = (address: string) =>
        // deno-lint-ignore no-control-regex -- all of ASCII is meant
        /^[\x00-\x7f]*@/.test(address) ? address.replace("bücher", "xn--bcher-kva") : address;
      assert.deepEqual(
        after.addresses.map(({ address }) => address),
        before.addresses.map(({ address }) => ascii(address)),
      );
    }),
    RUNS,
  );
  assert.ok(read > 100, `only ${read} were read`);
});

Deno.test("composeMessage: takes time in proportion to its input", async () => {
  const shapes: readonly ((count: number) => Parameters<typeof draftOf>[0])[] = [
    (count) => ({ subject: "ü ".repeat(count) }),
    (count) => ({ subject: "\\ ".repeat(count) }),
    (count) => ({ to: [`${"ü ".repeat(count)}<a@b.test>`] }),
    (count) => ({ to: [`"${"\\ü".repeat(count)}" <a@b.test>`] }),
    (count) => ({ to: [`${"(".repeat(count)}ü${")".repeat(count)} a@b.test`] }),
    (count) => ({ to: ["ü <a@b.test>,".repeat(count)] }),
    (count) => ({ text: " \n".repeat(count) }),
    (count) => ({ text: "\0\r".repeat(count) }),
    (count) => ({ text: null, html: "<p>a".repeat(count) }),
    (count) => ({ headers: [{ name: "X-A", value: "a  ".repeat(count) }] }),
  ];
  for (const [i, shape] of shapes.entries()) {
    const time = (count: number) =>
      cpuMs(() =>
        take(draftOf(shape(count))).catch((error) => {
          if (!(error instanceof MailqError)) throw error;
        })
      );
    // 32 times the input: 32 times the time, or 1,024 times if it were quadratic. It may need
    // several tries to show it: code is compiled, and garbage collected, meanwhile.
    const seen: string[] = [];
    let isLinear = false;
    for (let round = 0; round < 5 && !isLinear; round++) {
      const [small, large] = [await time(2_000), await time(64_000)];
      isLinear = large < 20 + small * 200;
      seen.push(`${small} ms, then ${large} ms`);
    }
    assert.ok(isLinear, `shape ${i}: ${seen.join("; ")}`);
  }
});
