// Gives the address fields of cron's mail and its like the form that relays want: bare names get a
// domain, and From becomes force_from where the settings say so. Loaded by prepare.ts where a
// message of a way in that asks for it needs it; a signed message stays as it is.

import { joinBytes } from "../../system/bytes.ts";
import { isAddress } from "../address/address_syntax.ts";
import { readAddresses } from "../address/addresses.ts";
import type { IntakeOptions, IntakeSettings } from "../options.ts";
import type { AddedField, ReplacedFields } from "./edit.ts";
import { type Field, fieldText, type Header } from "./headers.ts";
import { bareNames, qualified } from "./qualify.ts";
import { isSigned } from "./signed.ts";

/** What becomes another in a header. */
interface MendedHeader {
  readonly replaced: ReplacedFields;
  /** Those of `replaced`, as people are shown them. */
  readonly shown: readonly AddedField[];
  /** For people, such as `qualified From`. */
  readonly changes: readonly string[];
}

const NAMES: Readonly<Partial<Record<Field["kind"], string>>> = {
  "from": "From",
  "sender": "Sender",
  "reply-to": "Reply-To",
  "to": "To",
  "cc": "Cc",
};

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The address fields with a domain behind each bare name, and the From field that is forced; null
 *  where nothing changes. */
export async function mendHeader(
  bytes: Uint8Array,
  header: Header,
  { settings }: IntakeOptions,
): Promise<MendedHeader | null> {
  if (isSigned(bytes, header)) return null;
  const fields = header.fields.filter(({ kind }) => NAMES[kind] !== undefined);
  const addresses = new Map<string, string>();
  for (const { valueStart, valueEnd } of fields) {
    for (const { name } of bareNames(bytes, valueStart, valueEnd)) {
      if (!addresses.has(name)) addresses.set(name, await addressOf(name, settings));
    }
  }
  const replaced = new Map<Field, Uint8Array>();
  const values = new Map<Field, Uint8Array>();
  const names = new Set<string>();
  for (const field of fields) {
    const { start, valueStart, valueEnd, end, kind } = field;
    const value = qualified(
      bytes,
      { start: valueStart, end: valueEnd },
      (name) => addresses.get(name) ?? name,
    );
    if (value === null || isSame(value, bytes.subarray(valueStart, valueEnd))) continue;
    values.set(field, value);
    names.add(NAMES[kind] ?? "");
    replaced.set(
      field,
      joinBytes([bytes.subarray(start, valueStart), value, bytes.subarray(valueEnd, end)]),
    );
  }
  const changes = names.size === 0 ? [] : [`qualified ${listed([...names])}`];
  const shown = [...values].map(([{ kind }, value]) => ({
    name: kind,
    value: decoder.decode(value).replace(/[\r\n]+/g, "").trim(),
  }));
  const { forceFrom } = settings;
  if (settings.headerFrom === "force" && forceFrom !== null) {
    const froms = fields.filter(({ kind }) => kind === "from");
    const [first] = froms;
    if (first !== undefined && !await isFrom(bytes, froms, forceFrom)) {
      const old = values.get(first) ?? bytes.subarray(first.valueStart, first.valueEnd);
      const hasReplyTo = fields.some(({ kind }) => kind === "reply-to");
      for (const other of froms) replaced.set(other, new Uint8Array(0));
      replaced.set(
        first,
        joinBytes([
          encoder.encode(`From: ${forceFrom}\r\n`),
          ...hasReplyTo ? [] : [encoder.encode("Reply-To:"), old, encoder.encode("\r\n")],
        ]),
      );
      shown.unshift({ name: "from", value: forceFrom });
      changes.push("forced From");
    }
  }
  return replaced.size === 0 ? null : { replaced, shown, changes };
}

/** What stands for a bare name: its alias if that is one address, else the name at this host; the name
 *  itself where that would be no address. */
async function addressOf(name: string, settings: IntakeSettings): Promise<string> {
  if (settings.local !== null) {
    const { aliasOf }: typeof import("../aliases/local_mail.ts") = await import(
      import.meta.resolve("../aliases/local_mail.ts")
    );
    const alias = await aliasOf(name, settings);
    if (alias !== null) return alias;
  }
  const address = `${name}@${settings.hostname}`;
  return isAddress(address) ? address : name;
}

/** Whether From is that address and no other already. */
async function isFrom(bytes: Uint8Array, froms: readonly Field[], address: string) {
  const [only] = froms;
  if (only === undefined || froms.length > 1) return false;
  try {
    const { addresses, nameless } = await readAddresses(fieldText(bytes, only), "From");
    return nameless.length === 0 && addresses.length === 1 && addresses[0]?.address === address;
  } catch {
    // A field that cannot be read is none that relays take.
    return false;
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** `From`, `From and To`, `From, To and Cc`. */
function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}
