import { buildCommand } from "@stricli/core";
import { openInputs } from "../../intake/sources.ts";
import type { IntakeOptions } from "../../intake/options.ts";
import type { Priority } from "../../queue/message.ts";
import { PRIORITIES } from "../../queue/message.ts";
import type { Context } from "../context.ts";
import { enqueueInputs, intakeSettings } from "../enqueue_inputs.ts";
import { anyText, duration, time, word } from "../parsers.ts";
// Loaded together with this command: later it would be a round of loading of its own.
import "../../store/sqlite/store.ts";

interface Flags {
  readonly from?: string;
  readonly to?: readonly string[];
  readonly priority?: Priority;
  readonly sendAt?: number;
  readonly expiresIn?: number;
  readonly tag?: readonly string[];
  readonly key?: string;
  readonly hold?: boolean;
}

export const command = buildCommand<Flags, string[], Context>({
  async func(flags, ...paths) {
    const settings = await this.settings("intake");
    const { machine, output } = this;
    const named = paths.length === 0 ? ["-"] : paths;
    if (named.includes("-") && machine.stdin.isTerminal()) {
      output.note("reading a message from the terminal; end it with Ctrl-D");
    }
    const options: IntakeOptions = {
      from: flags.from,
      to: flags.to,
      priority: flags.priority,
      sendAt: flags.sendAt,
      expiresInMs: flags.expiresIn,
      tags: flags.tag,
      key: flags.key,
      isHeld: flags.hold,
      settings: intakeSettings(settings, machine),
      now: this.now(),
      random: machine.random,
    };
    await enqueueInputs(this, settings, openInputs(named, machine.stdin), options);
  },
  parameters: {
    flags: {
      from: {
        kind: "parsed",
        parse: anyText,
        optional: true,
        brief: "Envelope sender, <> for none; else Sender or From",
        placeholder: "ADDRESS",
      },
      to: {
        kind: "parsed",
        parse: word,
        optional: true,
        variadic: true,
        brief: "Envelope recipient; else To, Cc and Bcc. May be repeated",
        placeholder: "ADDRESS",
      },
      priority: {
        kind: "enum",
        values: PRIORITIES,
        optional: true,
        brief: "now is sent by this very process",
        placeholder: "PRIORITY",
      },
      sendAt: {
        kind: "parsed",
        parse: time,
        optional: true,
        brief: "Not before this time: 2026-11-22T18:00, or +15m",
        placeholder: "TIME",
      },
      expiresIn: {
        kind: "parsed",
        parse: duration,
        optional: true,
        brief: "Fails if it is not sent within this time: 90s, 15m, 4h, 7d",
        placeholder: "DURATION",
      },
      tag: {
        kind: "parsed",
        parse: word,
        optional: true,
        variadic: true,
        brief: "A tag to find it by. May be repeated",
        placeholder: "TAG",
      },
      key: {
        kind: "parsed",
        parse: word,
        optional: true,
        brief: "Queue it only once: the same key again prints the first id",
        placeholder: "KEY",
      },
      hold: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "Keep it back until `mailq release`",
      },
    },
    positional: {
      kind: "array",
      parameter: {
        brief: "Messages, folders of *.eml, or - for stdin (the default)",
        placeholder: "FILE|DIR",
        parse: anyText,
      },
    },
  },
  docs: {
    brief: "Queue mail from stdin, files or folders; print its ids",
    fullDescription: `Queues messages (RFC 5322, as in .eml files) and prints one id a line.
Exit 0 means that all of them are on disk; any other status that none is.

  cat mail.eml | mailq enqueue
  mailq enqueue --to ops@example.org --priority high mail.eml
  mailq enqueue --send-at +2h --expires-in 1d --tag newsletter outbox/
  mailq enqueue --key invoice-4711 invoice.eml`,
  },
});
