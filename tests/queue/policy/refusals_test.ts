import assert from "node:assert/strict";
import type { Phase, Reply } from "../../../src/queue/outcome.ts";
import { refusalKey } from "../../../src/queue/policy/refusal_words.ts";
import {
  readRefusal,
  REFUSALS,
  type RefusalSubject,
  rowFor,
} from "../../../src/queue/policy/refusals.ts";

function replyOf(line: string): Reply {
  const found = /^(\d{3}) (?:([245]\.\d{1,3}\.\d{1,3}) )?(.*)$/s.exec(line);
  assert.ok(found, line);
  const [, code, enhanced, text = ""] = found;
  return { code: Number(code), enhanced: enhanced ?? null, text };
}

for (const row of REFUSALS) {
  Deno.test(`refusals: ${row.provider}: ${row.sample.slice(0, 60)}`, () => {
    const found = rowFor(replyOf(row.sample), row.phases?.[0] ?? "dot");
    assert.equal(found?.sample, row.sample, "another row stands in its way");
    assert.notEqual(row.source, "");
  });
}

/** Replies that no row was written for. */
const OTHERS: readonly (readonly [RefusalSubject, string, Phase?])[] = [
  ["quota", "550 5.4.5 Daily user sending quota exceeded. o65sm25351206pga.71 - gsmtp"],
  [
    "quota",
    "554 5.7.1 <DATA>: Data command rejected: limit of 400 rcpts per 24 hours reached",
    "data",
  ],
  ["quota", "554 5.7.1 <DATA>: Data command rejected: only 10 messages per day", "data"],
  ["quota", "450 Your account reached its email quota limit. Contact support. #MS42204"],
  ["quota", "552 Message would take you over your relay quota of 500 Current quota used: 487"],
  ["quota", "450 Requested mail action not taken: mailbox unavailable Mail send limit exceeded"],
  ["quota", "550 5.7.1 Maximum credits exceeded"],
  ["quota", "554 5.7.1 Policy Rejection- Quota Exceeded"],
  ["sender", "553 5.7.1 Sender address rejected: not owned by auth user."],
  ["sender", "550 Sender verify failed"],
  ["sender", "550 5.7.1 <root@x.test>: Sender address rejected: Access denied", "rcpt"],
  ["sender", "504 5.5.2 <root>: Sender address rejected: need fully-qualified address", "rcpt"],
  ["sender", "550 5.1.8 <a@b.test>: Sender address rejected: Domain not found", "rcpt"],
  [
    "sender",
    "550 5.7.1 The 'From' address you supplied is not a Sender Signature on your account.",
  ],
  ["sender", "554 5.7.0 From address is not one of your addresses"],
  ["sender", "550 Rejected", "mail"],
  [
    "relay",
    "550 5.7.1 Service unavailable; client [192.0.2.1] blocked using dnsbl.sorbs.net",
    "rcpt",
  ],
  ["relay", "550 5.7.606 Access denied, banned sending IP [192.0.2.1]. To request removal"],
  ["relay", "550 5.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]", "rcpt"],
  [
    "relay",
    "450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]",
    "rcpt",
  ],
  ["relay", "550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)", "mail"],
  ["relay", "550 5.7.1 relaying denied", "rcpt"],
  ["relay", "550 relay not permitted", "rcpt"],
  ["relay", "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", "rcpt"],
  ["relay", "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", "rcpt"],
  ["relay", "535 5.7.8 Username and Password not accepted", "auth"],
  ["relay", "550 Please turn on SMTP Authentication in your mail client.", "rcpt"],
  ["relay", "550 JunkMail rejected - host [192.0.2.1] is in an RBL: spamhaus", "rcpt"],
  ["relay", "554 5.7.1 Service refused. Your IP address has been blocked"],
  ["relay", "553 5.7.1 <a@b.test>: Sender address rejected: not logged in", "rcpt"],
  ["recipient", "550 5.1.1 User unknown", "rcpt"],
  ["recipient", "550 User unknown", "rcpt"],
  ["recipient", "550 mailbox unavailable", "rcpt"],
  ["recipient", "550 5.2.1 The email account that you tried to reach is disabled.", "rcpt"],
  ["recipient", "552 5.2.2 The email account that you tried to reach is over quota", "rcpt"],
  ["recipient", "552 Mailbox quota exceeded", "rcpt"],
  ["recipient", "554 delivery error: This user doesn't have a yahoo.com account", "dot"],
  ["recipient", "550 5.1.0 Address rejected.", "rcpt"],
  ["recipient", "550 5.1.6 recipient no longer on server", "rcpt"],
  ["recipient", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", "rcpt"],
  ["recipient", "550 Invalid recipient <a@b.test>", "rcpt"],
  ["recipient", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found", "dot"],
  ["recipient", "450 4.7.1 Try again later, greylisted", "rcpt"],
  ["message", "552 5.3.4 Message too big"],
  ["message", "554 5.7.1 spam detected"],
  ["message", "550 5.7.0 This message was blocked because its content is a security issue"],
  ["message", "550 maximum allowed line length is 998 octets, got 5000"],
  ["message", "500 Line too long"],
  ["throttling", "421 4.7.0 too many connections from 192.0.2.1", "greeting"],
  ["throttling", "421 Too many concurrent SMTP connections; please try again later.", "greeting"],
  ["throttling", "454 4.7.0 Throttling"],
  ["recipient", "550 Quota exceeded for user bob", "rcpt"],
  [
    "recipient",
    "450 4.2.1 The user you are trying to contact is receiving mail too quickly.",
    "rcpt",
  ],
  [
    "recipient",
    "550 5.7.124 Sender not in allowed-senders list; not allowed to send to this group",
  ],
  ["message", "550 5.7.1 Unsolicited mail with poor reputation URL"],
  ["relay", "554 5.7.1 Your account is suspended", "rcpt"],
  ["unknown", "554 5.7.1 Rejected by policy", "rcpt"],
  ["unknown", "451 4.7.1 Try again later", "rcpt"],
  ["unknown", "550 no", "rcpt"],
  ["unknown", "554 Transaction failed"],
  ["unknown", "451 4.3.0 Temporary lookup failure", "rcpt"],
];

for (const [about, line, phase = "dot"] of OTHERS) {
  Deno.test(`refusals: at ${phase} it is about the ${about}: ${line.slice(0, 60)}`, () => {
    assert.equal(readRefusal(replyOf(line), phase).about, about);
  });
}

Deno.test("refusals: what a reply quotes is not what it says", () => {
  const quoting = replyOf("550 <quota-exceeded@spamhaus.example>: cannot be here");
  assert.equal(readRefusal(quoting, "rcpt").about, "unknown");
});

Deno.test("refusals: no reply and no refusal are about nothing known", () => {
  assert.equal(
    readRefusal({ code: null, enhanced: null, text: "helo quota" }, "rcpt").about,
    "unknown",
  );
  assert.equal(
    readRefusal({ code: 250, enhanced: null, text: "quota exceeded" }, "dot").about,
    "unknown",
  );
});

Deno.test("refusals: replies that differ in addresses, hosts, ids and numbers have one key", () => {
  const one = refusalKey(
    replyOf("550 5.1.1 <u12@a.test>: User unknown (id qz12-33) at mx1.a.test"),
  );
  const two = refusalKey(replyOf("550 5.1.1 <b@c.test>: User unknown (id 77) at mx2.c.test"));
  assert.equal(one, two);
  assert.match(one, /^550 5\.1\.1 .*User unknown/);
  assert.notEqual(one, refusalKey(replyOf("550 5.1.1 <b@c.test>: Mailbox full (id 77)")));
});
