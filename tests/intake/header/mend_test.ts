import assert from "node:assert/strict";
import fc from "fast-check";
import { mayHoldBareName } from "../../../src/intake/header/edit.ts";
import { scanHeader } from "../../../src/intake/header/headers.ts";
import { bareNames } from "../../../src/intake/header/qualify.ts";
import type { IntakeOptions, IntakeSettings, LocalNames } from "../../../src/intake/options.ts";
import { prepareMessage } from "../../../src/intake/prepare.ts";
import { prepareStream } from "../../../src/intake/prepare_large.ts";
import { bytesOf, intakeOptions, textOf } from "../intake_options.ts";

const FULL = "Message-ID: <a@b>\r\nDate: now\r\n";

function localNames(aliases: string): LocalNames {
  return {
    host: "web1",
    fullName: "web1.example.org",
    aliasesPath: "/etc/aliases",
    readAliases: () => aliases,
    systemAccounts: () => Promise.resolve(new Set<string>()),
  };
}

async function prepare(
  header: string,
  settings: Partial<IntakeSettings> = {},
  options: Partial<IntakeOptions> = {},
) {
  const { message, warnings } = await prepareMessage(
    bytesOf(`${header}${FULL}\r\nhi\r\n`),
    intakeOptions({ qualifiesHeader: true, from: "a@b", ...options }, settings),
  );
  assert.deepEqual(warnings, []);
  const { display, changes, recipients } = message;
  const text = textOf(message.content);
  assert.ok(text.endsWith(`${FULL}\r\nhi\r\n`));
  return { header: text.slice(0, -`${FULL}\r\nhi\r\n`.length), display, changes, recipients };
}

const CRON = "From: root (Cron Daemon)\r\nTo: root\r\nSubject: Cron <root@h> x\r\n";

Deno.test("header_from: bare names of cron's mail get @hostname, and this is shown", async () => {
  const { header, changes, display } = await prepare(CRON);
  assert.equal(
    header,
    "From: root@host.example (Cron Daemon)\r\nTo: root@host.example\r\nSubject: Cron <root@h> x\r\n",
  );
  assert.deepEqual(changes, ["qualified From and To"]);
  assert.deepEqual([display.from, display.to], [
    "root@host.example (Cron Daemon)",
    "root@host.example",
  ]);
});

Deno.test("header_from: five fields are looked at, folded and with other line ends too", async () => {
  const { header, changes } = await prepare(
    "Sender: s\nReply-To: r,\n\tx@y.test\nCC: c, d@e.test\r\nX-To: x\nFrom: a <f>\n",
  );
  assert.equal(
    header,
    "Sender: s@host.example\r\nReply-To: r@host.example,\r\n\tx@y.test\r\n" +
      "CC: c@host.example, d@e.test\r\nX-To: x\r\nFrom: a <f@host.example>\r\n",
  );
  assert.deepEqual(changes, ["qualified Sender, Reply-To, Cc and From"]);
});

Deno.test("header_from: a name with one alias gets that, one with several keeps its own", async () => {
  const local = localNames("root: adm\nadm: ops@x.test\nall: a@x.test, b@x.test\n");
  const { header, recipients } = await prepare("From: root\r\nTo: all\r\n", { local }, { to: [] });
  assert.equal(header, "From: ops@x.test\r\nTo: all@host.example\r\n");
  assert.deepEqual(recipients, ["a@x.test", "b@x.test"]);
});

Deno.test("header_from: full addresses, other ways in and keep change nothing", async () => {
  const full = 'From: "Ann, at work" <ann@x.test>\r\nTo: b@c.test, "x" <d@e.test>\r\n';
  assert.deepEqual((await prepare(full)).changes, undefined);
  assert.equal((await prepare(full)).header, full);
  assert.equal((await prepare(CRON, { headerFrom: "keep" })).header, CRON);
  assert.equal((await prepare(CRON, {}, { qualifiesHeader: false })).header, CRON);
  const odd = "To: undisclosed-recipients:;\r\nFrom: Joe Bloggs\r\n";
  assert.equal((await prepare(odd)).header, odd);
});

Deno.test("header_from: force makes From force_from and keeps the old one for replies", async () => {
  const settings = { headerFrom: "force", forceFrom: "ops@x.test" } as const;
  const { header, changes, display } = await prepare(CRON, settings);
  assert.equal(
    header,
    "From: ops@x.test\r\nReply-To: root@host.example (Cron Daemon)\r\nTo: root@host.example\r\n" +
      "Subject: Cron <root@h> x\r\n",
  );
  assert.deepEqual(changes, ["qualified From and To", "forced From"]);
  assert.equal(display.from, "ops@x.test");
  const replies = await prepare("From: \xe9 <a@b.test>\r\nReply-To: c@d.test\r\n", settings);
  assert.equal(replies.header, "From: ops@x.test\r\nReply-To: c@d.test\r\n");
  const same = await prepare("From: Ops <ops@x.test>\r\n", settings);
  assert.deepEqual([same.header, same.changes], ["From: Ops <ops@x.test>\r\n", undefined]);
  const two = await prepare("From: a@b.test\r\nX: y\r\nFrom: c@d.test\r\n", settings);
  assert.equal(two.header, "From: ops@x.test\r\nReply-To: a@b.test\r\nX: y\r\n");
});

Deno.test("header_from: a From that is added is the forced one too, also of a null sender", async () => {
  const settings = { headerFrom: "force", forceFrom: "ops@x.test" } as const;
  const { header } = await prepare("", settings, { from: "", fromName: "Cron" });
  assert.equal(header, 'From: "Cron" <ops@x.test>\r\n');
});

Deno.test("header_from: mail that is not in memory gets the same header", async () => {
  const whole = await prepare(CRON);
  async function* rest() {
    yield await Promise.resolve(bytesOf(`${FULL}\r\nhi\r\n`));
  }
  const options = intakeOptions({ qualifiesHeader: true, from: "a@b" });
  const large = await prepareStream(bytesOf(CRON), rest(), options);
  let text = "";
  for await (const piece of large.pieces) text += textOf(piece);
  assert.equal(text, `${whole.header}${FULL}\r\nhi\r\n`);
  assert.deepEqual(large.message.changes, whole.changes);
});

Deno.test("header_from: what is passed over as surely full holds no bare name", () => {
  const character = fc.constantFrom(...'ab@@@,,<>():;"\\ \r\n');
  fc.assert(
    fc.property(fc.array(character, { maxLength: 40 }), (characters) => {
      const bytes = bytesOf(`To:${characters.join("").replace(/[\r\n]+/g, "\r\n ")}\r\n`);
      const [field] = scanHeader(bytes).fields;
      if (field === undefined || mayHoldBareName(bytes, field)) return;
      const names = bareNames(bytes, field.valueStart, field.valueEnd);
      // Two addresses in one entry, such as `a@b <c>`, are an error to every reader.
      const entries = textOf(bytes.subarray(field.valueStart, field.valueEnd)).split(",");
      assert.ok(names.length === 0 || entries.some((entry) => /@[^<]*<|>[^,]*@/.test(entry)));
    }),
    { numRuns: 5_000 },
  );
});

for (
  const [hostname, from, sender, domain] of [
    ["web1.example.org", "a@x.test", "b@y.test", "web1.example.org"],
    ["15b0717dc4c2", "a@x.test", "b@y.test", "x.test"],
    ["15b0717dc4c2", "root", "b@y.test", "y.test"],
    ["15b0717dc4c2", "a@b <c@d", "b@y.test", "y.test"],
    ["15b0717dc4c2", "root", "", "15b0717dc4c2"],
  ] as const
) {
  Deno.test(`Message-ID: on ${hostname}, From ${from}, sender ${sender}: @${domain}`, async () => {
    const { message } = await prepareMessage(
      bytesOf(`From: ${from}\r\n\r\nx\r\n`),
      intakeOptions({ from: sender }, { hostname }),
    );
    assert.equal(/^Message-ID: <[^@]*@(.*)>\r\n/.exec(textOf(message.content))?.[1], domain);
  });
}
