import assert from "node:assert/strict";
import { readEnvelope } from "../../../src/intake/address/envelope.ts";
import { scanHeader } from "../../../src/intake/header/headers.ts";
import type { IntakeOptions, IntakeSettings } from "../../../src/intake/options.ts";
import { type ErrorCode, MailqError } from "../../../src/queue/errors.ts";
import { bytesOf, intakeOptions } from "../intake_options.ts";

function envelopeOf(
  text: string,
  options: Partial<IntakeOptions> = {},
  settings: Partial<IntakeSettings> = {},
) {
  const bytes = bytesOf(text);
  return readEnvelope(bytes, scanHeader(bytes), intakeOptions({ to: [], ...options }, settings));
}

async function refused(promise: Promise<unknown>, code: ErrorCode, pattern: RegExp) {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof MailqError);
    assert.equal(error.code, code);
    assert.match(error.message, pattern);
    return true;
  });
}

type Case = [string, string, Partial<IntakeOptions>, Partial<IntakeSettings>, string[]];

const RECIPIENTS: readonly Case[] = [
  ["To, Cc and Bcc", "To: a@b\nCc: c@d\nBcc: e@f\nTo: g@h\n", {}, {}, ["a@b", "c@d", "e@f", "g@h"]],
  ["only Resent-* if there are any", "To: a@b\nResent-Cc: c@d\nResent-Bcc: e@f\n", {}, {}, [
    "c@d",
    "e@f",
  ]],
  [
    "given ones instead of the header's",
    "To: a@b\nBcc: e@f\n",
    { to: ["c@d", "E <e@f>, g@h"] },
    {},
    ["c@d", "e@f", "g@h"],
  ],
  ["given ones beside the header's", "To: a@b\n", { to: ["c@d"], headerRecipients: "always" }, {}, [
    "c@d",
    "a@b",
  ]],
  ["never the header's", "To: a@b\n", { to: ["c@d"], headerRecipients: "never" }, {}, ["c@d"]],
  ["folded fields", "To: a@b,\r\n c@d,\r\n\tE\r\n <e@f>\r\n", {}, {}, ["a@b", "c@d", "e@f"]],
  ["duplicates once, the domain in any case", "To: a@B.c, A@b.c\nCc: a@b.C\n", {}, {}, [
    "a@B.c",
    "A@b.c",
  ]],
  ["bare names at the host", "To: root, Ann <ann>\n", {}, {}, [
    "root@host.example",
    "ann@host.example",
  ]],
  ["bare names at the administrator", "To: root, ann, x@y\n", {}, {
    adminAddress: "Admin <admin@org.example>",
  }, ["admin@org.example", "x@y"]],
  ["an administrator who is local", "To: root\n", {}, { adminAddress: "ops" }, [
    "ops@host.example",
  ]],
  ["groups without members, too", "To: undisclosed-recipients:;\nBcc: a@b\n", {}, {}, ["a@b"]],
  ["nothing of the body", "To: a@b\n\nCc: c@d\n", {}, {}, ["a@b"]],
  ["nothing decoded", "To: =?utf-8?q?=3Cx=40y=3E=2C?= <a@b>\n", {}, {}, ["a@b"]],
];

for (const [name, text, options, settings, expected] of RECIPIENTS) {
  Deno.test(`readEnvelope: takes ${name}`, async () => {
    assert.deepEqual((await envelopeOf(text, options, settings)).recipients, expected);
  });
}

const TO = { to: ["r@x"] };
const SENDERS: readonly [
  string,
  string,
  Partial<IntakeOptions>,
  Partial<IntakeSettings>,
  string,
][] = [
  ["the given one", "Sender: s@x\nFrom: f@x\n", { from: "G <g@x>" }, { from: "d@x" }, "g@x"],
  ["Sender before From", "From: f@x\nSender: S <s@x>\n", {}, { from: "d@x" }, "s@x"],
  ["From's first address", "From: F <f@x>, g@x\n", {}, {}, "f@x"],
  ["From if Sender has none", "Sender: \nFrom: f@x\n", {}, {}, "f@x"],
  ["the setting if From has none", "From: My Program\n", {}, { from: "D <d@x>" }, "d@x"],
  ["the setting if there is no From", "To: x@y\n", {}, { from: "d@x" }, "d@x"],
  ["user and host in the end", "To: x@y\n", {}, {}, "cron@host.example"],
  ["a user who is an address", "", {}, { user: "joe@corp.local" }, "joe@corp.local"],
  ["a user of a domain without its mark", "", {}, { user: "DOM\\joe" }, "DOMjoe@host.example"],
  ["a user without blanks", "", {}, { user: "Joe Doe" }, "JoeDoe@host.example"],
  ["a user without what addresses lack", "", {}, { user: "-a@b@c<>," }, "abc@host.example"],
  ["nobody for a user of marks alone", "", {}, { user: "\\ @" }, "nobody@host.example"],
  ["nobody for no user", "", {}, { user: "" }, "nobody@host.example"],
  [
    "a bare name at the host",
    "From: root (Cron Daemon)\n",
    {},
    { adminAddress: "a@x" },
    "root@host.example",
  ],
  ["the null sender", "From: f@x\n", { from: "<>" }, { from: "d@x" }, ""],
  ["the null sender as nothing", "From: f@x\n", { from: "" }, {}, ""],
  [
    "the forced one before all others",
    "From: f@x\n",
    { from: "g@x" },
    { forceFrom: "force@x" },
    "force@x",
  ],
  [
    "the null sender before the forced one",
    "From: f@x\n",
    { from: "<>" },
    { forceFrom: "force@x" },
    "",
  ],
  [
    "no header's for sendmail",
    "From: f@x\n",
    { takesSenderFromHeader: false },
    {},
    "cron@host.example",
  ],
];

for (const [name, text, options, settings, expected] of SENDERS) {
  Deno.test(`readEnvelope: takes as sender ${name}`, async () => {
    assert.equal((await envelopeOf(text, { ...TO, ...options }, settings)).sender, expected);
  });
}

Deno.test("readEnvelope: sends all to redirect_to and says whom it kept it from", async () => {
  const envelope = await envelopeOf("To: a@b, root\nFrom: f@x\n", {}, { redirectTo: "test@x" });
  assert.deepEqual(envelope, {
    sender: "f@x",
    recipients: ["test@x"],
    redirected: ["a@b", "root@host.example"],
    dsn: null,
    ways: new Map(),
    warnings: [],
  });
});

Deno.test("readEnvelope: a bad From or Sender loses no mail, and is told", async () => {
  const cases: readonly [string, string, RegExp][] = [
    ["From: a@b <c@d>\n", "cron@host.example", /^Cannot use "a@b <c@d>" in From: two addresses/],
    [
      "From: <>\n",
      "cron@host.example",
      /in From: no address; .*; another envelope sender was taken$/,
    ],
    ["From: a@b\0\n", "cron@host.example", /in From: a line end, NUL/],
    ["Sender: x y@z\nFrom: f@x\n", "f@x", /in Sender: /],
  ];
  for (const [text, sender, warning] of cases) {
    const envelope = await envelopeOf(`${text}To: r@x\n`, {});
    assert.deepEqual([envelope.sender, envelope.recipients], [sender, ["r@x"]], text);
    assert.equal(envelope.warnings.length, 1);
    assert.match(envelope.warnings[0] ?? "", warning);
    assert.deepEqual((await envelopeOf(text, { ...TO, from: "g@x" })).warnings, [], "not needed");
  }
});

Deno.test("readEnvelope: wishes go with the recipients as they stand in the end", async () => {
  const never = { notify: ["never"], orcpt: null } as const;
  const success = { notify: ["success"], orcpt: "rfc822;c@D" } as const;
  const wishes = { ret: "full", envid: "e1", all: never } as const;
  const dsnOf = async (options: Partial<IntakeOptions>, settings: Partial<IntakeSettings> = {}) => {
    const { recipients, dsn } = await envelopeOf("To: c@d, e@f\n", options, settings);
    assert.deepEqual([dsn?.ret, dsn?.envid], ["full", "e1"]);
    return recipients.map((address, n) => [address, dsn?.recipients[n]]);
  };
  assert.deepEqual(await dsnOf({ dsn: wishes, to: ["a@b"], headerRecipients: "always" }), [
    ["a@b", never],
    ["c@d", never],
    ["e@f", never],
  ]);
  const own = { ...wishes, all: null, own: [null, success, null, never] };
  assert.deepEqual(
    await dsnOf({ dsn: own, to: ["a@b", "c@D", "x@y, c@d", "a@b"] }),
    [["a@b", never], ["c@D", success], ["x@y", null]],
    "duplicates keep the first wish",
  );
  assert.deepEqual(
    await dsnOf({ dsn: { ...wishes, own: [success] }, to: ["root", "ann"] }, {
      adminAddress: "o@p",
    }),
    [["o@p", success]],
  );
  assert.deepEqual(
    await dsnOf({ dsn: own, to: ["a@b", "c@d"] }, { redirectTo: "test@x" }),
    [["test@x", null]],
  );
});

Deno.test("readEnvelope: refuses a message without recipients", async () => {
  for (const text of ["Subject: x\n", "To: undisclosed-recipients:;\n", "To:\n", "\nTo: a@b\n"]) {
    await refused(envelopeOf(text), "bad_message", /--to, or in a To, Cc or Bcc field/);
  }
  const sendmail = { noRecipientCode: "usage", headerRecipients: "never" } as const;
  await refused(envelopeOf("To: a@b\n", sendmail), "usage", /give at least one address/);
});

const REFUSED: readonly [
  string,
  string,
  Partial<IntakeOptions>,
  Partial<IntakeSettings>,
  RegExp,
][] = [
  ["two addresses in one entry", "To: a@b <c@d>\n", {}, {}, /in To: two addresses/],
  ["the same in Bcc", "To: a@b\nBcc: c@d e@f\n", {}, {}, /in Bcc: two addresses/],
  ["the same in Resent-Cc", "Resent-Cc: c@d e@f\n", {}, {}, /in Resent-Cc: /],
  ["NUL", "To: a@b\0c\n", {}, {}, /in To: .*control/],
  ["a name without an address", "To: Joe Bloggs\n", {}, {}, /"Joe Bloggs" in To: no address/],
  ["a given line break", "", { to: ["a@b\n"] }, {}, /"a@b\\n" in the recipients/],
  ["a given line break although folded", "", { to: ["a@b,\r\n c@d"] }, {}, /control/],
  ["an empty one", "", { to: ["a@b", ""] }, {}, /"" in the recipients: no address/],
  ["an empty group for one", "", { to: ["none:;"] }, {}, /no address/],
  ["two senders", "", { ...TO, from: "a@b, c@d" }, {}, /in the sender: expected one/],
  ["a sender with a command", "", { ...TO, from: "a@b>\r\nRCPT TO:<c@d" }, {}, /control/],
  ["a bad forced sender", "", TO, { forceFrom: "x y" }, /in force_from/],
  ["a bad administrator", "", { to: ["root"] }, { adminAddress: "x y" }, /in admin_address/],
  ["a host with a line end", "", { to: ["root"] }, { hostname: "h\nx" }, /hostname is not/],
  ["a bad redirect_to", "", TO, { redirectTo: "" }, /in redirect_to/],
];

for (const [name, text, options, settings, pattern] of REFUSED) {
  Deno.test(`readEnvelope: refuses ${name}`, async () => {
    await refused(envelopeOf(text, options, settings), "bad_address", pattern);
  });
}

Deno.test("readEnvelope: a From that is not needed may be as it likes", async () => {
  assert.equal((await envelopeOf("From: a@b <c@d>\n", { ...TO, from: "s@x" })).sender, "s@x");
});
