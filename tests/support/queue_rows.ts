import assert from "node:assert/strict";
import { deriveStatus, RECIPIENT_STATES } from "../../src/queue/state.ts";

type Row = Record<string, unknown>;

/** Fails if a message's row does not agree with its recipients', in whichever database they are. */
export function verifyMessage(message: Row, recipients: readonly Row[]): void {
  const states = recipients.map((row) => {
    const state = RECIPIENT_STATES.find((known) => known === row.state);
    assert(state !== undefined, `unknown state ${row.state}`);
    return state;
  });
  const count = (...wanted: readonly string[]) =>
    states.filter((state) => wanted.includes(state)).length;
  const status = message.status === "scheduled" ? "queued" : message.status;
  const open = count("queued", "sending", "deferred");
  assert.equal(status, deriveStatus(states, message.held === 1), String(message.id));
  assert.deepEqual(
    [message.n_total, message.n_open, message.n_sent, message.n_failed],
    [states.length, open, count("sent"), count("failed")],
  );
  assert.equal(message.final_at === null, open > 0, "final_at says whether it is over");
  assert.equal(message.claim_token !== null, count("sending") > 0, "a claim has recipients");
  assert.equal(message.claim_worker !== null, count("sending") > 0);
  const nextAts = recipients.filter((row) => row.state === "deferred").map((row) =>
    Number(row.next_at)
  );
  assert.equal(message.next_at, nextAts.length === 0 ? null : Math.min(...nextAts));
  for (const row of recipients) {
    assert.equal(row.next_at !== null, row.state === "deferred", "next_at is for deferred ones");
    assert.equal(row.reason !== null, row.state === "failed", "a reason is for failed ones");
    assert.equal(row.sent_at !== null, row.state === "sent", "sent_at is for sent ones");
  }
}
