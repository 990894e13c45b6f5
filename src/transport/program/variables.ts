// The environment of a program that a relay runs: what it is told of the message, and what of ours
// it must not see. The program transport uses it; `open_relay.ts` looks for `MAILQ_RELAYING`.

import type { Delivery } from "../../queue/ports/transport.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

/** Set for the programs we hand mail to: whoever finds it is run by a relay of ours. */
export const RELAYING = "MAILQ_RELAYING";

/** What is ours alone: a secret, and a batch that is not the program's. */
const KEPT_BACK: readonly string[] = ["MAILQ_PASSWORD", "MAILQ_PASSWORD_COMMAND", "MAILQ_TX"];

/** The environment of a program that is handed a message: `env`, and of the message `MAILQ_ID`,
 *  `MAILQ_SENDER` (empty for the null sender), `MAILQ_RECIPIENTS` (one a line), `MAILQ_SIZE` (in
 *  bytes) and `MAILQ_RELAYING` (the relay's name). */
export function childVariables(
  env: Variables,
  { relay, delivery, recipients }: {
    readonly relay: string;
    readonly delivery: Delivery;
    readonly recipients: readonly string[];
  },
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !KEPT_BACK.includes(name)) variables[name] = value;
  }
  return {
    ...variables,
    MAILQ_ID: delivery.id,
    MAILQ_SENDER: delivery.sender,
    MAILQ_RECIPIENTS: recipients.join("\n"),
    MAILQ_SIZE: String(delivery.sizeBytes),
    [RELAYING]: relay,
  };
}
