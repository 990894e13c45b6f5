// Reads the parts of a report that are made for programs: message/delivery-status (RFC 3464) and
// message/feedback-report (RFC 5965). Called by parse.ts. Pure.

import type { ReportedRecipient } from "./parsed.ts";
import { readReply } from "./reply_text.ts";

/** Fields by their names in small letters; of two of one name the first. */
type Fields = ReadonlyMap<string, string>;

export interface StatusPart {
  readonly envid: string | null;
  readonly reporter: string | null;
  readonly recipients: readonly ReportedRecipient[];
}

/** Groups of fields, with a blank line between them. */
function readGroups(text: string): Fields[] {
  const lines = text.replace(/\r\n?/g, "\n").replace(/\n[ \t]+/g, " ");
  return lines.split(/\n(?:[ \t]*\n)+/).map((group) => {
    const fields = new Map<string, string>();
    for (const line of group.split("\n")) {
      const [, name = "", value = ""] = /^([\w-]+)\s*:\s*(.*)$/.exec(line) ?? [];
      if (name !== "" && !fields.has(name.toLowerCase())) {
        fields.set(name.toLowerCase(), value.trim());
      }
    }
    return fields;
  }).filter(({ size }) => size > 0);
}

/** Reads message/delivery-status, also a global one. */
export function readStatus(text: string): StatusPart {
  const groups = readGroups(text);
  const isOfRecipient = (fields: Fields) =>
    fields.has("final-recipient") || fields.has("original-recipient");
  // Some systems leave out the blank line behind the first group.
  const first = groups.find((fields) => fields.has("reporting-mta")) ?? groups[0];
  const reporter = typed(first?.get("reporting-mta"));
  return {
    envid: first?.get("original-envelope-id") ?? null,
    reporter,
    recipients: groups.filter(isOfRecipient).map((fields) => readRecipient(fields, reporter)),
  };
}

function readRecipient(fields: Fields, reporter: string | null): ReportedRecipient {
  const diagnostic = readReply(fields.get("diagnostic-code") ?? "");
  const status = /\b[245]\.\d{1,3}\.\d{1,3}\b/.exec(fields.get("status") ?? "")?.[0] ?? null;
  // X.0.0 says nothing that the reply does not say better.
  const isVague = status === null || /^\d\.0\.0$/.test(status);
  return {
    addresses: [
      typed(fields.get("original-recipient")),
      typed(fields.get("final-recipient")),
    ].filter((address) => address !== null),
    action: (fields.get("action") ?? "failed").toLowerCase(),
    bounce: {
      ...diagnostic,
      enhanced: isVague ? diagnostic.enhanced ?? status : status,
      reporter,
    },
  };
}

/** The value behind its type, such as `rfc822; ann@example.org`. */
function typed(value: string | undefined): string | null {
  const text = (value ?? "").replace(/^[\w.-]+\s*;\s*/, "").replace(/^<(.*)>$/, "$1").trim();
  return text === "" ? null : text;
}

/** Reads message/feedback-report: somebody calls the mail unwanted. */
export function readFeedback(text: string): StatusPart {
  const fields = new Map(readGroups(text).flatMap((group) => [...group]));
  const reporter = typed(fields.get("reporting-mta")) ?? fields.get("source-ip") ?? null;
  const address = typed(fields.get("original-rcpt-to")) ?? typed(fields.get("removal-recipient"));
  const reply = `complaint: ${fields.get("feedback-type") ?? "abuse"}`;
  return {
    envid: fields.get("original-envelope-id") ?? null,
    reporter,
    recipients: [{
      addresses: address === null ? [] : [address],
      action: "failed",
      bounce: { code: null, enhanced: null, reply, reporter },
    }],
  };
}
