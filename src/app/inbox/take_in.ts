// Takes mail that SQL has put beside the queue into it, trusting nothing it says: each is composed and
// judged as a JSON line is. Called before a pass (`send`, `run --once`), and beside the service by
// watch.ts. The rows and their commits are the store's.

import { suggestName } from "../../config/suggest.ts";
import type { Settings } from "../../config/settings.ts";
import { sanitise } from "../../display/sanitise.ts";
import { inputFromElsewhere } from "../../intake/jsonl/inputs.ts";
import { prepareMessage } from "../../intake/prepare.ts";
import type { InputBytes } from "../../intake/sources/files.ts";
import type { WholeMessage } from "../../queue/message.ts";
import type { Inbox, InboxRow, TakenIn } from "../../queue/ports/inbox.ts";
import { joinBytes } from "../../system/bytes.ts";
import { Turns } from "../../system/time.ts";
import type { App } from "../app.ts";
import { intakeOptions } from "../enqueue/options.ts";

/** What taking mail in needs of the program. */
export type InboxApp = Pick<App, "clock" | "random" | "user" | "env" | "tell" | "stopSignal">;

/** What was refused is kept for so long. */
const KEPT_MS = 90 * 24 * 60 * 60_000;
/** More lines than this say nothing more, and cron would mail all of them. */
const MAX_TOLD = 10;

/** Takes in what is in the inbox, until it is empty or told to stop; what was refused is told in a line
 *  each. Rejects, leaving the rest where it is, when the queue is in trouble. */
export async function takeInbox(app: InboxApp, settings: Settings, inbox: Inbox): Promise<void> {
  const signal = app.stopSignal();
  const turns = new Turns();
  const make = async (row: InboxRow) => {
    await turns.give();
    return await messageOf(app, settings, row);
  };
  let refused = 0;
  while (!signal.aborted) {
    const taken = await inbox.takeIn(make);
    if (taken.length === 0) break;
    for (const one of taken) if (one.refused !== null && ++refused <= MAX_TOLD) tell(app, one);
    tellTaken(app, taken.filter((one) => one.refused === null));
  }
  if (refused > MAX_TOLD) app.tell.note(`refused ${refused - MAX_TOLD} more messages from SQL`);
  if (refused > 0) await inbox.sweepRefused(app.clock.now() - KEPT_MS);
}

function tell({ tell }: InboxApp, { id, submitter, refused }: TakenIn): void {
  tell.note(
    `refused mail from SQL (${id} of ${sanitise(submitter)}, now in mailq.refused): ` +
      sanitise(refused ?? ""),
  );
}

function tellTaken({ tell }: InboxApp, taken: readonly TakenIn[]): void {
  for (const { id, firstId } of taken) {
    if (firstId !== null) tell.note(`${id} from SQL is in the queue already, as ${firstId}`);
  }
  const fresh = taken.filter(({ firstId }) => firstId === null);
  for (const [submitter, mails] of Map.groupBy(fresh, (one) => one.submitter)) {
    const ids = mails.map(({ id }) => id);
    tell.event({ type: "message.enqueued", ids, submitter, way: "sql", client: null });
  }
}

/** Throws `bad_message` and `bad_address`. */
async function messageOf(
  app: InboxApp,
  settings: Settings,
  { id, at, submitter, key, line, message }: InboxRow,
): Promise<WholeMessage> {
  const wishes = { id, submitter, ...key === null ? {} : { key } };
  const options = { ...intakeOptions(app, settings, wishes), now: at };
  const input = await inputFromElsewhere(line, message, options, suggestName);
  const bytes = await wholeBytes(input.read());
  // The key is the row's, whatever the line says.
  const made = await prepareMessage(bytes, { ...options, ...input.options, key: wishes.key });
  return made.message;
}

/** The bytes are in memory already. */
async function wholeBytes(input: InputBytes): Promise<Uint8Array> {
  if (input.kind === "whole") return input.bytes;
  return joinBytes([input.head, ...await Array.fromAsync(input.rest)]);
}
