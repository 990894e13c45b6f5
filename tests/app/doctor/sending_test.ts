import assert from "node:assert/strict";
import { readCrontab } from "../../../src/app/doctor/sending/cron_lines.ts";
import { check as hooks } from "../../../src/app/doctor/sending/hooks.ts";
import { check as pauses } from "../../../src/app/doctor/sending/pauses.ts";
import { check as senders } from "../../../src/app/doctor/sending/senders.ts";

const NOW = Date.UTC(2026, 10, 30);
const HOUR_MS = 3_600_000;

Deno.test("readCrontab: the lines that run mailq, as users and the system write them", () => {
  const own = `# m h dom mon dow command
MAILTO=ops@x.test
* * * * *    /usr/local/bin/mailq send
#* * * * *   /usr/local/bin/mailq send --strict
*/5 * * * *  MAILQ_QUEUE=/q "/opt/my mail/mailq" retry --due
@reboot      cd /srv && mailq run --once
0 4 * * *    /usr/local/bin/mailq-report
0 5 * * *    echo mailqueue
`;
  const found = readCrontab("crontab", own, { hasUser: false });
  assert.deepEqual(found.map(({ line, program, words }) => [line, program, words]), [
    [3, "/usr/local/bin/mailq", "send"],
    [5, "/opt/my mail/mailq", "retry --due"],
    [6, "mailq", "run --once"],
  ]);
  const [system] = readCrontab("/etc/cron.d/mailq", "* * * * * mail /bin/mailq send\n", {
    hasUser: true,
  });
  assert.deepEqual([system?.user, system?.program, system?.words], ["mail", "/bin/mailq", "send"]);
  assert.deepEqual(readCrontab("none", null, { hasUser: true }), []);
});

const [SEND, RETRY] = readCrontab(
  "/etc/cron.d/mailq",
  "* * * * * root /bin/mailq send\n*/5 * * * * root /bin/mailq retry --due\n",
  { hasUser: true },
).map((line) => ({ ...line, isThere: true }));
assert.ok(SEND !== undefined && RETRY !== undefined);

const FACTS = {
  now: NOW,
  lastRoundAt: NOW - 60_000,
  heartbeats: [],
  lines: [SEND, RETRY],
  isCronRunning: true,
  unit: null,
  hasSystemd: true,
  isRoot: true,
  owner: "mailq",
  waiting: 0,
};

/** The findings that are not well, as `level name: text → mend`. */
function amiss(facts: Partial<typeof FACTS> | Record<string, unknown>): string[] {
  return senders.judge({ ...FACTS, ...facts }).filter(({ level }) => level !== "ok")
    .map(({ level, name, text, mend }) => `${level} ${name}: ${text} → ${mend}`);
}

Deno.test("senders: cron that works, a service that works", () => {
  assert.deepEqual(amiss({}), []);
  const heartbeats = [{ pid: 7, at: NOW - 1_000 }];
  assert.deepEqual(amiss({ lines: [], heartbeats, lastRoundAt: null }), []);
  const unit = { active: "active", isEnabled: true };
  assert.deepEqual(amiss({ lines: [], heartbeats, unit }), []);
  assert.deepEqual(senders.judge(null), []);
});

Deno.test("senders: each way in which nobody sends is one finding", () => {
  const cases: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ lines: [] }, /^error sending: nobody sends.* → mailq init systemd --user mailq \| sudo tee/],
    [{ lines: [], hasSystemd: false }, /^error sending: .* → mailq init cron --user mailq/],
    [{ lines: [], isRoot: false }, /→ \(crontab -l; mailq init cron\) \| crontab -$/],
    [{ isCronRunning: false }, /^error cron: cron is not running/],
    [{ lines: [{ ...SEND, isThere: false }] }, /^error cron: .*:1 runs \/bin\/mailq, which is not/],
    [{ lines: [{ ...SEND, program: "mailq" }, RETRY] }, /^warning cron: .*without its path/],
    [{ lines: [SEND] }, /^warning cron: .*nothing tries deferred mail again/],
    [{ lastRoundAt: NOW - HOUR_MS }, /^error sending: 0 messages wait, and a pass ended 1h ago/],
    [{ lines: [], unit: { active: "failed", isEnabled: true } }, /^error service: .*has failed/],
    [
      { lines: [], unit: { active: "inactive", isEnabled: true } },
      /^error service: .*enable --now/,
    ],
    [
      {
        lines: [],
        heartbeats: [{ pid: 7, at: NOW }],
        unit: { active: "active", isEnabled: false },
      },
      /^warning service: .*not started with the machine → sudo systemctl enable mailq/,
    ],
    [
      { lines: [], heartbeats: [{ pid: 7, at: NOW - HOUR_MS }] },
      /^error service: .*process 7\) has not moved for 1h → kill 7; mailq run/,
    ],
  ];
  for (const [facts, expected] of cases) {
    const found = amiss(facts);
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", expected);
  }
});

Deno.test("pauses: forgotten ones, those that delivery has set, relays that are down", () => {
  const part = {
    scope: "tag",
    value: "news",
    reason: null,
    until: null,
    times: 0,
    refused: [],
  } as const;
  const old = { ...part, since: NOW - 24 * HOUR_MS, isAutomatic: false };
  const judged = (facts: Record<string, unknown>) =>
    pauses.judge({ paused: null, pauses: [], relays: [], now: NOW, ...facts })
      .map(({ level, text, mend }) => `${level}: ${text}${mend === null ? "" : ` → ${mend}`}`);
  assert.deepEqual(judged({}), ["ok: nothing is kept back"]);
  assert.deepEqual(judged({ pauses: [{ ...old, since: NOW - HOUR_MS }] }), [
    "ok: 1, none of them long",
  ]);
  assert.deepEqual(judged({ pauses: [old] }), [
    "warning: the tag news is paused for 1d → mailq resume --tag news",
  ]);
  const sender = {
    ...old,
    scope: "sender",
    value: "a@b.test",
    isAutomatic: true,
    reason: "550 no",
  };
  assert.match(
    judged({ pauses: [{ ...sender, since: NOW - 60_000 }] }).join(),
    /^warning: the sender a@b\.test is paused for 1m: 550 no → .*mailq resume --sender a@b\.test/,
  );
  assert.deepEqual(judged({ paused: { since: NOW - 5 * HOUR_MS } }), [
    "warning: all sending is paused for 5h → mailq resume",
  ]);
  const relay = {
    name: "bulk",
    failures: 3,
    downSince: NOW - HOUR_MS,
    openUntil: NOW + HOUR_MS,
    lastError: "Connection refused",
    refusal: null,
    limits: null,
  };
  assert.deepEqual(judged({ relays: [relay] }), [
    "warning: the relay bulk is down for 1h: Connection refused → mailq resume --relay bulk",
  ]);
});

Deno.test("hooks: one that cannot be told, one whose secret is not there, and all well", () => {
  const well = { failures: 0, failingSince: null, lastError: null };
  const told = (facts: Parameters<typeof hooks.judge>[0]["hooks"]) =>
    hooks.judge({ now: NOW, hooks: facts }).map(({ level, text, mend }) =>
      `${level} ${text} → ${mend}`
    );
  assert.deepEqual(told([]), ["ok none are set → null"]);
  const bell = { name: "bell", state: well, missing: null };
  assert.deepEqual(told([bell, { ...bell, name: "shop" }]), ["ok bell, shop → null"]);
  const failing = { failures: 3, failingSince: NOW - 2 * HOUR_MS, lastError: "404 Not Found" };
  assert.deepEqual(told([{ name: "shop", state: failing, missing: "/etc/shop.key" }]), [
    "error there is no file /etc/shop.key, which is to hold the secret of the hook shop → " +
    "install -m 600 /dev/stdin /etc/shop.key  (then type the secret)",
    "warning the hook shop cannot be told for 2h: 404 Not Found → mailq hooks test shop",
  ]);
});
