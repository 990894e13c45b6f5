// What would happen to mail for an address: who gets it, by which relays, and what would keep it back.
// Called by `explain`, which prints it. It queues nothing; with `ask` a relay is asked, and sent nothing.

import type { RelaySettings } from "../../config/tables/relays.ts";
import type { Settings } from "../../config/settings.ts";
import { readEnvelope } from "../../intake/address/envelope.ts";
import { scanHeader } from "../../intake/header/headers.ts";
import { MailqError } from "../../queue/errors.ts";
import type { Rate } from "../../queue/policy/rate.ts";
import { relaysFor } from "../../queue/policy/route.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { AskReport } from "../../queue/ports/transport.ts";
import type { App } from "../app.ts";
import { intakeOptions, type OptionsApp } from "../enqueue/options.ts";
import { openSettingsRelay } from "../send/pass.ts";
import { readHindrances } from "../status/hindrances.ts";

export interface Explanation {
  /** The envelope sender; empty for the null sender. */
  readonly sender: string;
  /** Who would get the mail, after aliases and `redirect_to`. */
  readonly recipients: readonly ExplainedRecipient[];
  /** What is wrong with the address or the aliases, and was passed over. */
  readonly warnings: readonly string[];
}

interface ExplainedRecipient {
  readonly address: string;
  /** How it came of a local name, such as `root → adm → ops@example.org`; null if it did not. */
  readonly way: string | null;
  /** It is on the do-not-send list. */
  readonly isSuppressed: boolean;
  /** In order: the next one where a relay is at fault. */
  readonly relays: readonly ExplainedRelay[];
  readonly ratePerDomain: Rate | null;
  /** What keeps the mail back; null if the next pass takes it. */
  readonly hindrance: string | null;
}

export interface ExplainedRelay {
  readonly name: string;
  /** Where it is, without login and secrets; null for a relay that the settings do not have. */
  readonly place: string | null;
  readonly user: string | null;
  readonly tls: string | null;
  readonly rate: Rate | null;
  /** Why it is not used now; null if it is. */
  readonly trouble: string | null;
}

/** Explains what would happen now. Throws `bad_address` for an address that intake does not take. */
export async function explain(
  app: OptionsApp,
  settings: Settings,
  store: Pick<Store, "status" | "rateUses" | "suppressedAmong">,
  { address, from }: { readonly address: string; readonly from: string | undefined },
): Promise<Explanation> {
  const empty = new Uint8Array(0);
  const { sender, recipients, ways, warnings } = await readEnvelope(
    empty,
    scanHeader(empty),
    intakeOptions(app, settings, { to: [address], from, headerRecipients: "never" }),
  );
  const suppressed = new Set(await store.suppressedAmong(recipients));
  const hindrances = await readHindrances(store, settings, app.clock.now());
  return {
    sender,
    warnings,
    recipients: recipients.map((recipient) => ({
      address: recipient,
      way: ways.get(recipient) ?? null,
      isSuppressed: suppressed.has(recipient),
      relays: relaysFor(settings.routes, { sender, recipient }).map((name) => ({
        ...describeRelay(name, settings.relays.find((relay) => relay.name === name)),
        trouble: hindrances.ofRelay(name),
      })),
      ratePerDomain: settings.ratePerDomain,
      hindrance: hindrances.of({ sender, firstRecipient: recipient, tags: [] }),
    })),
  };
}

function describeRelay(
  name: string,
  relay: RelaySettings | undefined,
): Omit<ExplainedRelay, "trouble"> {
  if (relay === undefined) return { name, place: null, user: null, tls: null, rate: null };
  const { target, user, tls, rate } = relay;
  const isNetwork = target.kind === "smtp" || target.kind === "lmtp";
  return { name, place: placeOf(target), user, tls: isNetwork ? tls.mode : null, rate };
}

function placeOf(target: RelaySettings["target"]): string {
  switch (target.kind) {
    case "smtp":
      return `${target.isImplicitTls ? "smtps" : "smtp"}://${hostPort(target)}`;
    case "lmtp":
      return `lmtp://${hostPort(target)}`;
    case "lmtp_socket":
      return `lmtp:${target.path}`;
    case "exec":
      // What follows may hold a secret.
      return `exec:${target.command.split(/\s/)[0] ?? ""}`;
    case "console":
    case "null":
      return `${target.kind}:`;
    default:
      return `${target.kind}:${target.path}`;
  }
}

function hostPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Asks the first relay of a recipient's route whether it would take the mail. Throws `usage` where
 *  there is nobody to ask, and `config_invalid` for a relay that cannot be used. */
export async function askRelayOf(
  app: Pick<App, "env" | "writeToConsole" | "stopSignal">,
  settings: Settings,
  { sender, recipient }: { readonly sender: string; readonly recipient: ExplainedRecipient },
  onSaid: (line: string) => void,
): Promise<AskReport> {
  const [{ name, place } = { name: "default", place: null }] = recipient.relays;
  const relay = settings.relays.find((one) => one.name === name);
  const opened = relay && await openSettingsRelay(app, settings, relay, { onSaid });
  if (opened?.ask === undefined) {
    throw new MailqError(
      "usage",
      `Cannot ask the relay ${name} (${place ?? "not in the settings"}): only SMTP and LMTP answer`,
    );
  }
  return await opened.ask({ sender, recipient: recipient.address }, app.stopSignal());
}
