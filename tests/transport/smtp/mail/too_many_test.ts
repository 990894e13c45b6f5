import assert from "node:assert/strict";
import { RecipientCount } from "../../../../src/transport/smtp/mail/too_many.ts";
import { SmtpReply } from "../../../../src/transport/smtp/mail/replies.ts";

const FULL = [
  "452 too many",
  "452 4.5.3 Error: too many recipients",
  "451 4.5.3 Too many recipients: Too many recipients",
  "450 4.5.3 no more",
  "552 too many",
  "552 5.2.2 full",
  "550 5.5.3 no more",
  "550 5.5.3 sorry, reached maximum number of recipients allowed in one session (#5.5.3 - chkuser)",
  "550 5.5.3 RESOLVER.ADR.RecipLimit",
  "550 Too many recipients",
  "571 Too many RCPTs in one message",
  "450 recipient limit exceeded",
  "554 Transaction failed: Recipient count exceeds 50.",
];
const ONE_OF_THEM = [
  "250 2.1.5 ok",
  "452 4.2.2 mailbox full",
  "452 4.3.1 no space",
  "451 4.7.1 greylisted",
  "450 4.2.0 the recipient's mailbox exceeds its limit",
  "550 5.1.1 number of recipients unknown",
  "550 5.2.1 maximum size of the recipients mailbox",
  "550 5.1.1 unknown",
  "450 4.7.1 Error: too many recipients from 192.0.2.1",
  "550 Too many recipients this hour",
  "452 4.5.3 Too many recipients per day",
  "550 5.4.5 Daily recipient limit exceeded",
];

for (const [replies, isFull] of [[FULL, true], [ONE_OF_THEM, false]] as const) {
  for (const text of replies) {
    Deno.test(`RecipientCount: ${text} means ${isFull ? "no more" : "this recipient"}`, () => {
      const reply = new SmtpReply(Number(text.slice(0, 3)), text);
      const count = new RecipientCount();
      assert.equal(count.isFull(reply), false, "nobody is accepted yet");
      count.accept();
      assert.equal(count.isFull(reply), isFull);
    });
  }
}
