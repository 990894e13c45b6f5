// `mailq explain`: what would happen to mail for an address. Finding out is src/app/explain's; this file
// prints it.

import { buildCommand } from "@stricli/core";
import {
  askRelayOf,
  explain,
  type ExplainedRelay,
  type Explanation,
} from "../../app/explain/explain.ts";
import { formatValue } from "../../config/kinds.ts";
import { sanitise } from "../../display/sanitise.ts";
import { EXIT_STATUS } from "../../queue/errors.ts";
import type { Rate } from "../../queue/policy/rate.ts";
import { anyText, type FlagsOf, oneArgument, toggle } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";
import type { Output } from "../frame/output.ts";

const FLAGS = {
  from: anyText({ brief: "The envelope sender; else as mail without one", placeholder: "ADDRESS" }),
  connect: toggle("Ask the relay too: log in, MAIL and RCPT, and send nothing"),
};

export const command = buildCommand<FlagsOf<typeof FLAGS>, [string], Context>({
  async func({ from, connect = false }, address) {
    const { output } = this;
    const settings = await this.settings("all");
    const store = await this.openQueue(settings, { create: false });
    const explanation = await explain(this.app, settings, store, { address, from });
    for (const warning of explanation.warnings) output.warn(warning);
    if (!output.isJson) printExplanation(output, explanation, address);
    const answers: unknown[] = [];
    for (const recipient of connect ? explanation.recipients : []) {
      const { sender } = explanation;
      const report = await askRelayOf(this.app, settings, { sender, recipient }, (line) => {
        if (!output.isJson) output.line(sanitise(line));
        output.flush();
      });
      if (!report.isAccepted) this.exitStatus = EXIT_STATUS.relay_unavailable;
      const { isAccepted, host, tls, text, transcript } = report;
      answers.push({
        address: recipient.address,
        accepted: isAccepted,
        host,
        tls,
        reply: text,
        transcript,
      });
      if (!output.isJson) {
        output.line(`${isAccepted ? "accepted" : "not accepted"}: ${sanitise(text)}`);
      }
    }
    if (output.isJson) {
      output.json(explanationShape(explanation, address, connect ? answers : null));
    }
  },
  parameters: {
    flags: FLAGS,
    positional: oneArgument({ brief: "Who would get the mail", placeholder: "ADDRESS" }),
  },
  docs: {
    brief: "What would happen to mail for an address",
    fullDescription:
      `Says who would get mail for an address after aliases, by which relay, and what would
keep it back: the do-not-send list, pauses, rates, a relay that is down. Nothing is
queued. With --connect the relay is greeted, logged in to and asked for sender and
recipient; no mail is sent. Exit status 69 if it does not accept.

  mailq explain root
  mailq explain ann@example.org --from news@example.org --connect`,
  },
});

function printExplanation(
  output: Output,
  { sender, recipients }: Explanation,
  given: string,
): void {
  const field = (name: string, value: string) =>
    output.line(`${name.padEnd(11)} ${sanitise(value)}`);
  field("address", given);
  field("sender", sender === "" ? "<>" : sender);
  for (const { address, way, isSuppressed, relays, ratePerDomain, hindrance } of recipients) {
    field("goes to", address);
    if (way !== null) field("aliases", way);
    if (isSuppressed) field("suppressed", "it is on the do-not-send list: nothing is sent");
    // What keeps the mail back stands in a row of its own.
    for (const relay of relays) {
      field("relay", describeRelay(hindrance === null ? relay : { ...relay, trouble: null }));
    }
    if (ratePerDomain !== null) field("rate", `${formatRate(ratePerDomain)} to one domain`);
    field("waits for", hindrance ?? "nothing: the next pass takes it");
  }
}

function describeRelay({ name, place, user, tls, rate, trouble }: ExplainedRelay): string {
  return [
    `${name} ${place ?? "(not in the settings)"}`,
    ...user === null ? [] : [`login as ${user}`],
    ...tls === null ? [] : [`TLS ${tls}`],
    ...rate === null ? [] : [`rate ${formatRate(rate)}`],
    ...trouble === null ? [] : [trouble],
  ].join(", ");
}

function formatRate(rate: Rate): string {
  return formatValue(rate, "rate");
}

function explanationShape(
  { sender, recipients }: Explanation,
  given: string,
  answers: readonly unknown[] | null,
): Record<string, unknown> {
  const rateOf = (rate: Rate | null) => rate === null ? null : formatRate(rate);
  return {
    address: given,
    sender,
    recipients: recipients.map((recipient) => ({
      address: recipient.address,
      way: recipient.way,
      suppressed: recipient.isSuppressed,
      relays: recipient.relays.map(({ rate, ...relay }) => ({ ...relay, rate: rateOf(rate) })),
      rate_per_domain: rateOf(recipient.ratePerDomain),
      waits_for: recipient.hindrance,
    })),
    answers,
  };
}
