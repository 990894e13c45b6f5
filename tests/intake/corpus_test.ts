import assert from "node:assert/strict";
import { prepareMessage } from "../../src/intake/prepare.ts";
import { prepareStream } from "../../src/intake/prepare_large.ts";
import { MailqError } from "../../src/queue/errors.ts";
import { type CorpusMessage, readCorpus } from "./corpus.ts";
import { intakeOptions } from "./intake_options.ts";
import { Wire } from "./wire.ts";

const OPTIONS = intakeOptions({ to: [] });

for (const message of readCorpus()) {
  Deno.test(`corpus: ${message.name} is what it says, up to the relay`, async () => {
    const { bytes, expected } = message;
    if ("error" in expected) {
      for (const taken of [prepareMessage(bytes, OPTIONS), streamed(message)]) {
        await assert.rejects(taken, (error) => {
          assert.ok(error instanceof MailqError, String(error));
          assert.equal(error.code, expected.error, error.message);
          assert.ok(error.message.length < 500);
          return true;
        });
      }
      return;
    }
    const prepared = await prepareMessage(bytes.slice(), OPTIONS);
    const { recipients, sender } = expected;
    assert.deepEqual(prepared.message.recipients, recipients);
    assert.equal(prepared.message.sender, sender);
    for (const text of Object.values(prepared.message.display)) {
      assert.doesNotMatch(text ?? "", /\p{Cc}/u);
    }
    await using wire = await Wire.open();
    const { content } = prepared.message;
    assert.deepEqual(await wire.send(prepared.message), { sender, recipients, content });
    assert.deepEqual(await streamed(message), content, "read in pieces it is the same");
  });
}

/** The bytes a message becomes if it comes one byte at a time. */
async function streamed({ bytes }: CorpusMessage): Promise<Uint8Array> {
  async function* rest() {
    for (let at = 3; at < bytes.length; at++) yield await bytes.slice(at, at + 1);
  }
  const { message, pieces } = await prepareStream(bytes.slice(0, 3), rest(), OPTIONS);
  assert.ok(message.recipients.length > 0);
  const parts: number[] = [];
  for await (const piece of pieces) parts.push(...piece);
  return Uint8Array.from(parts);
}
