import { buildCommand } from "@stricli/core";
import type { BatchEnd, OpenBatch } from "../../queue/ports/intake.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import { ChildCommand, type ChildEnd, dieAs } from "../../app/tx/child.ts";
import type { Context } from "../frame/context.ts";
import { sendUrgent } from "../enqueue/queue_mail.ts";
import { anyText } from "../flags/parsers.ts";
import { queuePath } from "../frame/queue_path.ts";
import { plural } from "../../app/select.ts";

export const command = buildCommand<Record<never, never>, string[], Context>({
  async func(_flags, ...words) {
    const { machine, globals: { config } } = this;
    if (words.length === 0) {
      throw new MailqError(
        "usage",
        "Cannot run nothing: name a command behind --; see mailq tx --help",
      );
    }
    const settings = await this.settings("intake");
    const within = machine.env.MAILQ_TX || null;
    const store = await this.store(settings, within === null);
    const batch = await store.openBatch(within);
    const env = {
      MAILQ_TX: batch.token,
      // What was given to us by flags holds for the command as well, wherever it goes.
      MAILQ_QUEUE: Deno.realPathSync(queuePath(settings.queue)),
      ...config === null ? {} : { MAILQ_CONFIG: Deno.realPathSync(config) },
    };
    // From here on, or a signal that the command outlives would cut off the sending.
    this.stopSignal();
    let end: ChildEnd;
    let queued: BatchEnd | null;
    {
      using child = new ChildCommand(words, env, machine.stdin.isTerminal());
      try {
        end = await child.end;
      } catch (error) {
        await drop(this, batch);
        throw error;
      }
      queued = end.status === 0 ? await release(batch) : await drop(this, batch);
    }
    if (queued !== null) {
      tellQueued(this, queued);
      return await sendUrgent(this, store, queued.urgent);
    }
    const how = end.signal === null ? `exited ${end.status}` : `was killed by ${end.signal}`;
    this.output.detail(`the command ${how}: nothing that it queued was kept`);
    this.exitStatus = end.status;
    await this.close();
    await dieAs(end);
  },
  parameters: {
    positional: {
      kind: "array",
      parameter: { brief: "The command and its arguments", placeholder: "CMD", parse: anyText },
    },
  },
  docs: {
    brief: "Run a command; what it queues is queued if it exits 0",
    fullDescription:
      `Runs CMD. All mail that it and its children queue becomes visible at once when CMD
exits 0, and is dropped if CMD fails or is killed. Exits as CMD does; signals are
passed on to it. Mail of priority now is sent after that.

  mailq tx -- ./nightly-report.sh
  mailq tx -- sh -c 'mailq enqueue a.eml && ./charge-card && mailq enqueue b.eml'
  mailq tx -- psql -f invoices.sql

A tx within a tx is a part of it: its mail waits for the outer one. Children find
their batch by MAILQ_TX; MAILQ_TX= mailq enqueue queues mail outside of it.`,
  },
});

/** Queues what the command brought, or throws; then nothing of it is queued. */
async function release(batch: OpenBatch): Promise<BatchEnd> {
  try {
    return await batch.commit();
  } catch (error) {
    // It shows nowhere; what cannot be swept now is swept by the next sender.
    await batch.abort().catch(() => {});
    if (!(error instanceof MailqError)) throw error;
    const text = `${error.message}; nothing that the command queued was kept`;
    throw new MailqError(error.code, text, { cause: error });
  }
}

async function drop({ output }: Context, batch: OpenBatch): Promise<null> {
  try {
    await batch.abort();
  } catch (error) {
    output.warn(`dropped, but not swept yet: ${errorText(error)}`);
  }
  return null;
}

function tellQueued({ output }: Context, { count, known }: BatchEnd): void {
  for (const { id, firstId } of known) {
    output.note(`${id}: not queued, since ${firstId} has taken its key meanwhile`);
  }
  output.detail(`queued ${count} ${plural(count, "message")}`);
}
