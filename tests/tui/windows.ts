import type { MessageSummary } from "../../src/queue/message.ts";
import type { MessageWindow, WindowRequest } from "../../src/tui/data/data.ts";

/** A listing by its ids. */
export type Window = readonly string[];

export function summaryOf(id: string): MessageSummary {
  return {
    seq: 1,
    id,
    status: "queued",
    finalReason: null,
    sender: "a@b.test",
    sizeBytes: 1,
    priority: "normal",
    tags: [],
    key: null,
    createdAt: 0,
    sendAt: null,
    expiresAt: null,
    sentAt: null,
    tries: 0,
    nextAttemptAt: null,
    lastReply: null,
    recipientsTotal: 1,
    recipientsOpen: 1,
    recipientsSent: 0,
    recipientsFailed: 0,
    firstRecipient: "c@d.test",
    isHeld: false,
    submitter: null,
    replaces: null,
    subject: id,
    from: null,
    to: null,
    messageId: null,
  };
}

/** What the queue would answer. */
export function windowOf(ids: Window, { anchor, before, after }: WindowRequest): MessageWindow {
  const at = anchor === "top"
    ? 0
    : anchor === "bottom"
    ? ids.length - 1
    : Math.max(0, ...anchor.ids.map((id) => ids.indexOf(id)).filter((i) => i >= 0).slice(0, 1));
  const from = Math.max(0, at - before), to = Math.min(ids.length, at + after + 1);
  return {
    rows: ids.slice(from, to).map(summaryOf),
    at: at - from,
    atStart: from === 0,
    atEnd: to === ids.length,
  };
}
