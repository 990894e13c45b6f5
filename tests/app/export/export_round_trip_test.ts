import assert from "node:assert/strict";
import fc from "fast-check";
import { exportMessages } from "../../../src/app/export/messages.ts";
import {
  EmlPlace,
  type ExportPlace,
  MaildirPlace,
  MboxPlace,
} from "../../../src/app/export/places.ts";
import { Maildir } from "../../../src/intake/sources/maildir.ts";
import { MaildirBatch } from "../../../src/intake/sources/maildir_batch.ts";
import { mboxInputs } from "../../../src/intake/sources/mbox.ts";
import { prepareMessage } from "../../../src/intake/prepare.ts";
import { prepareStream } from "../../../src/intake/prepare_large.ts";
import { folderInputs, type Input } from "../../../src/intake/sources/files.ts";
import { MailqError } from "../../../src/queue/errors.ts";
import type { WholeMessage } from "../../../src/queue/message.ts";
import { bytesOf, intakeOptions, NOW, textOf } from "../../intake/intake_options.ts";
import { collect, newMessage } from "../../support/queue_messages.ts";
import { SqliteFixture } from "../../support/queue_sqlite.ts";
import { systemRandom } from "../../../src/system/time.ts";

const GO_ON = new AbortController().signal;
const NAMING = { hostname: "host", clock: { now: () => NOW }, random: systemRandom };

/** The ways out and in again; each is given a place that is not there yet. */
const WAYS: Readonly<
  Record<string, {
    readonly out: (path: string) => Promise<ExportPlace>;
    readonly in: (path: string) => Iterable<Input>;
    readonly hasEnvelope: boolean;
  }>
> = {
  ".eml files": {
    out: (path) => EmlPlace.make(path),
    in: (path) => folderInputs(path),
    hasEnvelope: false,
  },
  "an mbox": {
    out: (path) => MboxPlace.make(path),
    in: (path) => mboxInputs([path], Deno.stdin, "mboxrd"),
    hasEnvelope: false,
  },
  "a Maildir": {
    out: (path) => MaildirPlace.make(path, NAMING),
    in: maildirInputs,
    hasEnvelope: false,
  },
  "a Maildir with envelopes": {
    out: (path) => MaildirPlace.make(path, NAMING),
    in: maildirInputs,
    hasEnvelope: true,
  },
};

function* maildirInputs(path: string): Generator<Input> {
  const maildir = Maildir.open(path);
  using batch = new MaildirBatch(maildir, maildir.files(), {}, Date.now());
  yield* batch.inputs();
}

/** What intake makes of an input, as text. */
async function takenIn(input: Input): Promise<{ text: string; sender: string; to: string }> {
  // Broken From fields are no concern of these tests.
  const options = intakeOptions({ takesSenderFromHeader: false, ...input.options });
  const read = input.read();
  if (read.kind === "whole") {
    const { message } = await prepareMessage(read.bytes, options);
    return { ...message, to: message.recipients.join(), text: textOf(message.content) };
  }
  const { message, pieces } = await prepareStream(read.head, read.rest, options);
  return { ...message, to: message.recipients.join(), text: textOf(await collect(pieces)) };
}

const token = fc.constantFrom(
  "From ",
  "From ",
  ">",
  "\n",
  "\r\n",
  "\r",
  "\n\n",
  ".",
  "x",
  " ",
  "\0",
  "\xff",
  "\xe9t\xe9",
  "A: 1\n",
  "From : a@x.test\n",
  "Bcc: b@x.test\n",
);

/** A message as the queue holds it, made of anything; null for what intake refuses. */
const stored = fc.tuple(fc.array(token, { maxLength: 30 }), fc.constantFrom("", "s@x.test")).map(
  async ([tokens, from]): Promise<WholeMessage | null> => {
    const to = ['"a, b"@x.test', "c@x.test"];
    const text = bytesOf(tokens.join(""));
    try {
      const { message } = await prepareMessage(text, intakeOptions({ to, from }));
      return { ...message, id: newMessage().id };
    } catch (error) {
      if (error instanceof MailqError && error.code === "bad_message") return null;
      throw error;
    }
  },
);

for (const [name, way] of Object.entries(WAYS)) {
  Deno.test(`export to ${name}: taken in again the bytes are the same`, async () => {
    const making = fc.array(stored, { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(making, async (promised) => {
        const messages = (await Promise.all(promised)).filter((one) => one !== null);
        fc.pre(messages.length > 0);
        await using fixture = await SqliteFixture.open();
        await fixture.store.enqueue(messages);
        const path = `${fixture.folder}/out`;
        {
          using place = await way.out(path);
          const { exported } = await exportMessages(fixture.store, {
            filter: {},
            place,
            hasEnvelope: way.hasEnvelope,
            signal: GO_ON,
          });
          assert.equal(exported, messages.length);
        }
        const again = [];
        for (const input of way.in(path)) again.push(await takenIn(input));
        const texts = (all: readonly { text: string }[]) => all.map(({ text }) => text).sort();
        assert.deepEqual(
          texts(again),
          texts(messages.map(({ content }) => ({ text: textOf(content) }))),
        );
        if (!way.hasEnvelope) return;
        const senders = (all: readonly { sender: string }[]) => all.map(({ sender }) => sender);
        assert.deepEqual(senders(again).sort(), senders(messages).sort());
        for (const { to } of again) assert.equal(to, '"a, b"@x.test,c@x.test');
      }),
      { numRuns: 30 },
    );
  });

  Deno.test(`export to ${name}: a message of 3 MB comes back in pieces, files are 0600`, async () => {
    await using fixture = await SqliteFixture.open();
    const line = "From x\r\n>From y\r\n.\r\n\xff" + "z".repeat(997) + "\r\n\r\n";
    const text = `Message-ID: <1@x>\r\nDate: x\r\n\r\n${line.repeat(3_000)}`;
    const content = bytesOf(text);
    await fixture.store.enqueue([newMessage({ content, sizeBytes: content.length })]);
    const path = `${fixture.folder}/out`;
    {
      using place = await way.out(path);
      await exportMessages(fixture.store, {
        filter: {},
        place,
        hasEnvelope: way.hasEnvelope,
        signal: GO_ON,
      });
    }
    for (const file of filesOf(path)) {
      assert.equal((Deno.statSync(file).mode ?? 0) & 0o777, 0o600, file);
    }
    let count = 0;
    for (const input of way.in(path)) {
      assert((await takenIn(input)).text === text, "not a byte differs");
      count++;
    }
    assert.equal(count, 1);
  });
}

function filesOf(path: string): string[] {
  if (Deno.statSync(path).isFile) return [path];
  return [...Deno.readDirSync(path)].flatMap(({ name }) => filesOf(`${path}/${name}`));
}
