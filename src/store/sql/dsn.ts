// Reads the JSON columns that say what a sender asks to be told (`dsn`), for claims and for show.
// take_in/enqueue.ts writes them.

import type { EnvelopeDsn, RecipientDsn } from "../../queue/dsn.ts";

const NOTIFY = ["never", "success", "failure", "delay"] as const;

/** Reads `message.dsn`; null where nothing was asked. */
export function readEnvelopeDsn(column: unknown): EnvelopeDsn | null {
  const field = fieldsOf(column);
  if (field === null) return null;
  const ret = field("ret");
  return { ret: ret === "full" || ret === "headers" ? ret : null, envid: textOf(field("envid")) };
}

/** Reads `recipient.dsn`; null where nothing was asked. */
export function readRecipientDsn(column: unknown): RecipientDsn | null {
  const field = fieldsOf(column);
  if (field === null) return null;
  const notify = field("notify");
  return {
    notify: Array.isArray(notify) ? NOTIFY.filter((known) => notify.includes(known)) : [],
    orcpt: textOf(field("orcpt")),
  };
}

function fieldsOf(column: unknown): ((name: string) => unknown) | null {
  if (typeof column !== "string") return null;
  try {
    const value: unknown = JSON.parse(column);
    return typeof value === "object" && value !== null ? (name) => Reflect.get(value, name) : null;
  } catch {
    // A damaged wish must not keep the mail from going out.
    return null;
  }
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
