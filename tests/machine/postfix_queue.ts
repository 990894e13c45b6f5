import { Mailq } from "../support/mailq.ts";
import { CA_PATH } from "../support/tls_certificates.ts";
import { LOGIN, type Postfix } from "./postfix.ts";
import type { ServerName } from "./postfix_settings.ts";

/** How a queue's relay is spoken to. */
export interface Way {
  readonly url?: "smtp" | "smtps";
  /** TOML of the default relay. */
  readonly settings?: string;
  readonly password?: string;
  readonly hasNoRetries?: boolean;
}

/** A queue whose relay is one of Postfix's servers. */
export async function relayingTo(
  postfix: Postfix,
  server: ServerName,
  way: Way = {},
): Promise<Mailq> {
  const { url = "smtp", settings = "", password } = way;
  const user = password === undefined ? "" : `${LOGIN.user}@`;
  const mailq = await Mailq.make(password === undefined ? {} : { MAILQ_PASSWORD: password });
  // What uses up a retry fails for good; what is the relay's fault does not.
  if (way.hasNoRetries) mailq.env.MAILQ_RETRY_MAX = "0";
  await Deno.writeTextFile(
    `${mailq.folder}/mailq.toml`,
    `[relay.default]\nurl = "${url}://${user}localhost:${postfix.ports[server]}"\n${settings}`,
  );
  return mailq;
}

/** TLS that is a must, and verified by the tests' own authority. */
export const OWN_CA = `tls.mode = "required"\ntls.ca = "${CA_PATH}"\n`;

// deno-lint-ignore no-explicit-any -- what `show --json` prints, looked into by its keys
export async function shown(mailq: Mailq, id: string): Promise<any> {
  return (await mailq.json(["show", id]))[0];
}

/** Each recipient as `name status code enhanced`. */
export async function recipientsOf(mailq: Mailq, id: string): Promise<string[]> {
  const { recipients } = await shown(mailq, id);
  return recipients.map((one: Record<string, unknown>) =>
    [String(one.address).split("@")[0], one.status, one.code, one.enhanced].join(" ")
  );
}

let count = 0;
/** A subject that no other mail has. */
export const subjectOf = (name: string) => `${name} ${Deno.pid}-${++count}`;

const TRACE = /^(?:(?:Return-Path|X-Original-To|Delivered-To|Received):.*\n(?:\s.+\n)*)+/;
/** What Postfix delivered, one character a byte, below the lines it puts on top. */
export function belowTrace(delivered: Uint8Array): string {
  return new TextDecoder("latin1").decode(delivered).replace(TRACE, "");
}
