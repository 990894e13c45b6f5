import { MailqError } from "../queue/errors.ts";
import type { Relay } from "../queue/ports.ts";
import { consoleRelay, type Writer } from "./console.ts";
import { maskPassword } from "./mask_url.ts";
import { nullRelay } from "./null.ts";

/** What the relays need besides their URL. */
export interface RelayContext {
  /** Our name towards SMTP servers. */
  readonly heloName: string;
  /** Where `console:` writes. */
  readonly write: Writer;
}

type Opener = (name: string, url: string, context: RelayContext) => Relay | Promise<Relay>;

const OPENERS: ReadonlyMap<string, Opener> = new Map<string, Opener>([
  ["smtp", openSmtp],
  ["console", (name, url, context) => {
    refuseArgument(url);
    return consoleRelay(name, context.write);
  }],
  ["null", (name, url) => {
    refuseArgument(url);
    return nullRelay(name);
  }],
]);

/** Makes the relay called `name` from its URL; nothing is connected yet. Throws `config_invalid`
 *  for a URL that is wrong or of an unknown kind. */
export async function openRelay(
  name: string,
  url: string,
  context: RelayContext,
): Promise<Relay> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1];
  const opener = scheme === undefined ? undefined : OPENERS.get(scheme.toLowerCase());
  if (opener !== undefined) return await opener(name, url, context);
  const known = [...OPENERS.keys()].map((each) => `${each}:`).join(", ");
  const what = scheme === undefined ? "no scheme" : `the unknown scheme "${scheme}:"`;
  throw new MailqError(
    "config_invalid",
    `Cannot use the relay URL ${
      JSON.stringify(maskPassword(url))
    }: it has ${what}, expected one of ${known}`,
  );
}

// Loaded on demand: commands that send nothing start without the SMTP client.
async function openSmtp(name: string, url: string, context: RelayContext): Promise<Relay> {
  const { parseSmtpUrl } = await import("./smtp/url.ts");
  const { smtpRelay } = await import("./smtp/transport.ts");
  const { host, port, user } = parseSmtpUrl(url);
  if (user !== null) {
    // To send without the login that was asked for would be refused at best.
    throw new MailqError(
      "config_invalid",
      `Cannot log in to ${JSON.stringify(maskPassword(url))}: ` +
        "only relays without a login are known, expected smtp://host[:port]",
    );
  }
  return smtpRelay({ name, host, port, heloName: context.heloName });
}

function refuseArgument(url: string): void {
  const rest = url.slice(url.indexOf(":") + 1);
  if (rest === "" || rest === "//") return;
  throw new MailqError(
    "config_invalid",
    `Cannot use the relay URL ${JSON.stringify(url)}: nothing may follow the colon`,
  );
}
