// Queues one small mail, sends it now and follows it, to try the settings. Called by `test`, which prints
// the conversation as it runs and how the mail ended.

import type { Settings } from "../../config/settings.ts";
import { composeMessage } from "../../intake/compose/compose.ts";
import { MailqError } from "../../queue/errors.ts";
import type { MessageDetail } from "../../queue/message.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { App } from "../app.ts";
import { enqueueInputs } from "../enqueue/enqueue.ts";
import { intakeOptions } from "../enqueue/options.ts";
import { makeDue } from "../send/due.ts";
import { sendOnce } from "../send/pass.ts";

interface TestPlan {
  readonly to: string;
  /** Absent = as other mail without a sender. */
  readonly from: string | undefined;
  /** Told the id as soon as the mail is queued. */
  readonly onQueued: (id: string) => void;
  /** Told each line of the conversation with the relay, without secrets. */
  readonly onSaid: (line: string) => void;
}

/** Another worker that has the mail in hand is waited for so long. */
const OTHERS_MS = 60_000;

/** Sends a test mail; resolves to what became of it. Throws as intake and passes do. */
export async function sendTestMail(
  app: App,
  settings: Settings,
  store: Store,
  { to, from, onQueued, onSaid }: TestPlan,
): Promise<MessageDetail> {
  const sender = from ?? settings.from;
  const draft = {
    from: sender,
    to: [to],
    cc: [],
    bcc: [],
    replyTo: [],
    subject: `Test mail from ${settings.hostname}`,
    text: `This mail was sent by \`mailq test\` on ${settings.hostname}.\n` +
      "It shows that mail from there arrives.\n",
    html: null,
    attachments: [],
    headers: [],
    date: null,
  };
  const { random } = app;
  const nameOf = () => "the test mail";
  const composed = await composeMessage(draft, { random, nameOf, settings });
  const options = intakeOptions(app, settings, {
    from,
    to: composed.recipients,
    fromName: sender === null ? "" : undefined,
  });
  const input = { name: "the test mail", read: () => composed.bytes };
  const destination = { intake: store, queue: store };
  const { messages } = await enqueueInputs(app, destination, [input], options);
  const [queued] = messages;
  if (queued === undefined) throw new Error("one mail in, none out");
  const { id } = queued;
  onQueued(id);
  // Somebody wants it sent now: a relay that is left alone is tried, too.
  await makeDue(store, [id], app.clock.now());
  await sendOnce(app, settings, store, { ids: [id], onSaid });
  return await ended(app, store, id);
}

/** The message once nobody has it in hand any more. */
async function ended(
  app: Pick<App, "wait" | "stopSignal">,
  store: Store,
  id: string,
): Promise<MessageDetail> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, app.stopSignal()]);
  try {
    await store.changed(AbortSignal.abort());
    void app.wait(OTHERS_MS, signal).then(() => over.abort());
    for (;;) {
      const message = await store.show(id);
      if (message === null) throw new MailqError("io_error", `Cannot find the test mail ${id}`);
      if (message.status !== "sending" || signal.aborted) return message;
      await store.changed(signal);
    }
  } finally {
    over.abort();
  }
}
