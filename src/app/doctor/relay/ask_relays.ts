// The checks of relays over the network: each is looked up, connected to, greeted, logged in to and asked
// MAIL and RCPT; nothing is sent. judge.ts says what the answers mean.

import { MailqError } from "../../../queue/errors.ts";
import { isLoopback } from "../../../queue/relay_target.ts";
import type { RelaySettings } from "../../../config/tables/relays.ts";
import { openSettingsRelay } from "../../send/pass.ts";
import type { Check } from "../check.ts";
import type { Patient } from "../patient.ts";
import { judgeRelay, type RelayFacts } from "./judge.ts";
import { reach } from "./reach.ts";

const LIMIT_MS = 30_000;

export const check: Check<readonly RelayFacts[]> = {
  async gather(patient) {
    const facts = await Promise.all(
      patient.relays.map((relay) => factsOf(relay, patient)),
    );
    return facts.filter((each) => each !== null);
  },
  judge: (relays) => relays.flatMap(judgeRelay),
};

async function factsOf(relay: RelaySettings, patient: Patient): Promise<RelayFacts | null> {
  const { target, name, user, tls } = relay;
  if (target.kind !== "smtp" && target.kind !== "lmtp") return null;
  // That nobody has said where mail goes, the check "transport" tells; who names the relay is answered.
  const isUnset = name === "default" && patient.originOf("transport") === "default";
  if (isUnset && patient.look.relay === null) return null;
  const { host, port } = target;
  const { settings, app } = patient;
  const sender = settings.forceFrom ?? settings.from ?? `${app.user()}@${settings.hostname}`;
  const reached = await reach(host, port);
  const isReached = reached.addresses.some(({ error }) => error === null);
  const facts = {
    relay: name,
    host,
    port,
    user,
    tlsMode: tls.mode,
    isLoopback: isLoopback(host),
    reach: reached,
    unusable: null,
    report: null,
    sender,
    maxSizeBytes: settings.maxSizeBytes,
    now: patient.now,
  };
  try {
    const opened = await openSettingsRelay(app, settings, relay);
    if (!isReached || opened.ask === undefined) return facts;
    const recipient = settings.adminAddress ?? sender;
    const signal = AbortSignal.any([app.stopSignal(), AbortSignal.timeout(LIMIT_MS)]);
    return { ...facts, report: await opened.ask({ sender, recipient }, signal) };
  } catch (error) {
    if (!(error instanceof MailqError) || error.code !== "config_invalid") throw error;
    return { ...facts, unusable: error.message };
  }
}
