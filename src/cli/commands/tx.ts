// `mailq tx`: runs a command whose mail is queued if it exits 0. The work is src/app/tx's; here are
// what is told of it, and the exit status, which is the command's.

import { buildCommand } from "@stricli/core";
import type { BatchEnd } from "../../queue/ports/intake.ts";
import { MailqError } from "../../queue/errors.ts";
import { runBatch } from "../../app/tx/batch.ts";
import { dieAs } from "../../app/tx/child.ts";
import type { Context } from "../frame/context.ts";
import { sendUrgent } from "../enqueue/queue_mail.ts";
import { manyArguments, type NoFlags } from "../flags/builders.ts";
import { plural } from "../../display/plural.ts";

export const command = buildCommand<NoFlags, string[], Context>({
  async func(_flags, ...words) {
    const { machine, globals: { config } } = this;
    if (words.length === 0) {
      throw new MailqError(
        "usage",
        "Cannot run nothing: name a command behind --; see mailq tx --help",
      );
    }
    const settings = await this.settings("intake");
    const { end, queued, queue } = await runBatch(this.app, settings, {
      words,
      env: config === null ? {} : { MAILQ_CONFIG: Deno.realPathSync(config) },
      isAtTerminal: machine.stdin.isTerminal(),
    });
    if (queued !== null) {
      printQueued(this, queued);
      return await sendUrgent(this, queue, queued.urgent);
    }
    const how = end.signal === null ? `exited ${end.status}` : `was killed by ${end.signal}`;
    this.output.detail(`the command ${how}: nothing that it queued was kept`);
    this.exitStatus = end.status;
    await this.close();
    await dieAs(end);
  },
  parameters: {
    positional: manyArguments({ brief: "The command and its arguments", placeholder: "CMD" }),
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

function printQueued({ output }: Context, { count, known }: BatchEnd): void {
  for (const { id, firstId } of known) {
    output.note(`${id}: not queued, since ${firstId} has taken its key meanwhile`);
  }
  output.detail(`queued ${count} ${plural(count, "message")}`);
}
