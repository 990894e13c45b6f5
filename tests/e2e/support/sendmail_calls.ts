import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { Mailq, RunOptions } from "../../support/mailq.ts";

/** Hands a mail to `mailq sendmail`, which must take it without a word. */
export async function sendmail(mailq: Mailq, args: readonly string[], options: RunOptions) {
  const ended = await mailq.run(["sendmail", ...args], options);
  assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, "", ""], args.join(" "));
}

/** The newest message, with its recipients' addresses, its bytes as text and what it asks for. */
export async function newest(mailq: Mailq) {
  const [listed] = await mailq.json(["list", "--limit", "1"]);
  const [shown] = await mailq.json(["show", listed.id]);
  const text = await mailq.ok(["show", listed.id, "--raw"]);
  using db = new DatabaseSync(mailq.queue, { readOnly: true });
  const dsn = db.prepare("SELECT dsn FROM message WHERE id = ?").get(listed.id)?.dsn;
  const each = db.prepare(
    "SELECT r.dsn FROM recipient r JOIN message m ON m.seq = r.seq WHERE m.id = ? ORDER BY r.n",
  ).all(listed.id).map((row) => row.dsn);
  const parsed = (value: unknown) => typeof value === "string" ? JSON.parse(value) : null;
  return {
    ...shown,
    to: shown.recipients.map((one: { address: string }) => one.address),
    text,
    dsn: parsed(dsn),
    each: each.map(parsed),
  };
}

/** How many messages the queue has. */
export async function count(mailq: Mailq): Promise<number> {
  return (await mailq.json(["list", "--limit", "0"])).length;
}

/** A listing without its ages, which change while one looks. */
export function ageless(listing: string): string {
  return listing.replace(/ +\d+s +/g, " ");
}
