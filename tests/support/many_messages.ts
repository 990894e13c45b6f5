import { DatabaseSync } from "node:sqlite";
import { PARTS_PER_MESSAGE } from "../../src/store/sqlite/db/layout.ts";
import { openSqlite } from "./queue_sqlite.ts";

const NAMES =
  ("ann bob carl dora eve fritz gina hans ida jon kim lea max nora otto pia quin rosa " +
    "sam tina ulf vera walt xenia yann zoe").split(" ");
const SUBJECTS = ("Invoice,Your order,Weekly report,Reminder,Newsletter,Password reset,Shipment," +
  "Receipt,Support ticket,Disk alert,Backup report,Meeting notes,Offer,Contract,Welcome").split(
    ",",
  );
const SECOND_MS = 1_000;
const COMMIT = 10_000;

interface Fate {
  readonly status: "sent" | "queued" | "deferred" | "failed" | "held";
  readonly code: number | null;
  readonly reply: string | null;
}

const SENT: Fate = { status: "sent", code: 250, reply: "2.0.0 Ok: queued" };
const DEFERRED: Fate = { status: "deferred", code: 451, reply: "4.7.1 Greylisted, try again" };
const FAILED: Fate = { status: "failed", code: 550, reply: "5.1.1 User unknown" };

/** Of a hundred neighbours most are sent, as in a queue that has been in use for long. */
function fateOf(n: number): Fate {
  const place = n % 100;
  if (place < 90) return SENT;
  if (place < 93) return FAILED;
  if (place < 96) return DEFERRED;
  return { status: place === 99 ? "held" : "queued", code: null, reply: null };
}

/** Makes a queue of `count` messages at `path`, as an old queue is: of different people, most of
 *  them sent, with their attempts; in seconds, since nothing is durable before the end. With
 *  `isQueued` all of them wait. Returns the id of the one in the middle. */
export async function makeManyMessages(
  path: string,
  count: number,
  { isQueued = false, now = Date.now() } = {},
): Promise<string> {
  await (await openSqlite(path)).close();
  const db = new DatabaseSync(path);
  db.exec("PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 20000");
  const message = db.prepare(
    `INSERT INTO message (id, lane, status, held, priority, queued_at, life_from, created_at,
       next_at, sent_at, final_at, final_reason, tries, attempts, n_total, n_open, n_sent, n_failed,
       size, dot_lines, eight_bit, sender, first_recipient, subject, header_from, header_to,
       message_id, last_reply)
     VALUES (?, 0, ?, ?, 2, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const recipient = db.prepare(
    `INSERT INTO recipient (seq, n, address, state, reason, tries, failures, next_at, sent_at, code,
       reply) VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const body = db.prepare("INSERT INTO body (part, bytes) VALUES (?, ?)");
  const attempt = db.prepare(
    `INSERT INTO attempt (seq, n, started_at, duration_ms, relay, host, result, code, reply,
       outcomes) VALUES (?, 1, ?, 80, 'default', 'relay.example:25', ?, ?, ?, ?)`,
  );
  const encoder = new TextEncoder();
  db.exec("BEGIN");
  for (let n = 0; n < count; n++) {
    const { status, code, reply } = isQueued ? { ...SENT, status: "queued" as const } : fateOf(n);
    const at = now - (count - n) * SECOND_MS;
    const one = mailOf(n);
    const isTried = status !== "queued" && status !== "held";
    const isFinal = status === "sent" || status === "failed";
    const nextAt = status === "deferred" ? at + 300 * SECOND_MS : null;
    const sentAt = status === "sent" ? at + SECOND_MS : null;
    const reason = status === "failed" ? "permanent" : null;
    const tries = isTried ? 1 : 0;
    const bytes = encoder.encode(
      `From: ${one.from}\r\nTo: ${one.to}\r\nSubject: ${one.subject}\r\n` +
        `Message-ID: ${one.messageId}\r\n\r\nDear ${one.name},\r\n\r\nsee number ${n}.\r\n`,
    );
    const seq = Number(
      message.run(
        idOf(n),
        status,
        status === "held" ? 1 : 0,
        at,
        at,
        at,
        nextAt,
        sentAt,
        isFinal ? at + SECOND_MS : null,
        reason,
        tries,
        tries,
        isFinal ? 0 : 1,
        status === "sent" ? 1 : 0,
        status === "failed" ? 1 : 0,
        bytes.length,
        "app@sender.example",
        one.address,
        one.subject,
        one.from,
        one.to,
        one.messageId,
        isTried ? `${code} ${reply}` : null,
      ).lastInsertRowid,
    );
    const state = status === "held" ? "queued" : status;
    const failures = status === "failed" || status === "deferred" ? 1 : 0;
    const last = isTried ? [code, reply] as const : [null, null] as const;
    recipient.run(seq, one.address, state, reason, tries, failures, nextAt, sentAt, ...last);
    body.run(seq * PARTS_PER_MESSAGE, bytes);
    if (isTried) {
      const outcome = { address: one.address, outcome: status, code, enhanced: null, reply };
      attempt.run(seq, at, status, code, reply, JSON.stringify([outcome]));
    }
    if ((n + 1) % COMMIT === 0) db.exec("COMMIT; BEGIN");
  }
  db.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  return idOf(Math.floor(count / 2));
}

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** Different for each, and no prefix of many. */
function idOf(n: number): string {
  let id = "";
  let left = mixed(n);
  for (let i = 0; i < 6; i++, left = Math.floor(left / 32)) id += ALPHABET[left % 32];
  for (let i = 0, rest = n; i < 6; i++, rest = Math.floor(rest / 32)) id += ALPHABET[rest % 32];
  return id;
}

/** A number without a pattern, the same for the same. */
function mixed(n: number): number {
  let x = Math.imul(n ^ 0x9e3779b9, 0x85ebca6b);
  x = Math.imul(x ^ x >>> 13, 0xc2b2ae35);
  return (x ^ x >>> 16) >>> 0;
}

function mailOf(n: number) {
  const chance = mixed(n + 1);
  const name = NAMES[chance % NAMES.length] ?? "";
  const domain = `customer${Math.floor(chance / 32) % 20_000}.example`;
  const address = `${name}.${(chance >>> 8).toString(36)}@${domain}`;
  return {
    name,
    address,
    from: "The App <app@sender.example>",
    to: `${name} <${address}>`,
    subject: `${SUBJECTS[(chance >>> 5) % SUBJECTS.length]} ${100_000 + n}`,
    messageId: `<${idOf(n)}.${n}@sender.example>`,
  };
}
