import assert from "node:assert/strict";
import { judgeRelay, type RelayFacts } from "../../../src/app/doctor/relay/judge.ts";
import type { AskReport } from "../../../src/queue/ports/transport.ts";

const NOW = Date.UTC(2026, 10, 30);
const DAY_MS = 24 * 3_600_000;

const REPORT: AskReport = {
  isAccepted: true,
  phase: "rcpt",
  text: "250 2.1.5 Ok",
  host: "relay.test:587",
  tls: "TLSv1.3",
  transcript: "",
  session: {
    greeting: "relay.test ESMTP",
    extensions: new Map([["SIZE", "104857600"], ["AUTH", "PLAIN LOGIN"]]),
    certificate: { names: "DNS:relay.test", validFrom: NOW - DAY_MS, validTo: NOW + 90 * DAY_MS },
  },
};

const FACTS: RelayFacts = {
  relay: "default",
  host: "relay.test",
  port: 587,
  user: "me",
  tlsMode: "required",
  isLoopback: false,
  reach: {
    lookUpMs: 3,
    lookUpError: null,
    addresses: [
      { address: "192.0.2.1", ms: 12, error: null },
      { address: "2001:db8::1", ms: 14, error: null },
    ],
  },
  unusable: null,
  report: REPORT,
  sender: "cron@sender.test",
  maxSizeBytes: 50 * 1024 * 1024,
  now: NOW,
};

function told(facts: Partial<RelayFacts>): string[] {
  return judgeRelay({ ...FACTS, ...facts }).map(({ level, name, text, mend }) =>
    `${level} ${name}: ${text}${mend === null ? "" : ` → ${mend}`}`
  );
}

const failing = (phase: AskReport["phase"], text: string): Partial<RelayFacts> => ({
  report: { ...REPORT, isAccepted: false, phase, text, session: null },
});

Deno.test("judgeRelay: a relay that is well, and one of another name", () => {
  assert.deepEqual(told({}), [
    "ok relay default: relay.test:587: name in 3 ms, 192.0.2.1 in 12 ms, 2001:db8::1 in 14 ms",
    "ok TLS: TLSv1.3, certificate for relay.test until 2027-02-28",
    "ok login: as me, among PLAIN LOGIN",
    "ok size: the relay takes 100 MB, and max_size is 50 MB",
    "ok sender: cron@sender.test may send",
  ]);
  assert.equal(told({ relay: "bulk" }).at(-1), "ok bulk sender: cron@sender.test may send");
});

Deno.test("judgeRelay: addresses that lead nowhere, all or one family", () => {
  const [ann, bob] = FACTS.reach.addresses;
  assert.ok(ann !== undefined && bob !== undefined);
  const lost = { ...bob, error: "no answer in 5 s", ms: 5_000 };
  const reach = (addresses: typeof FACTS.reach.addresses) => ({ ...FACTS.reach, addresses });
  assert.match(
    told({ reach: reach([ann, lost]) })[0] ?? "",
    /^warning .* → ip route get 2001:db8::1/,
  );
  const refused = { ...bob, error: "Connection refused", ms: 1 };
  assert.match(
    told({ reach: reach([ann, refused]) })[0] ?? "",
    /^ok .*2001:db8::1: Connection refused/,
  );
  const none = told({ reach: reach([refused]), report: null });
  assert.equal(none.length, 1);
  assert.match(none[0] ?? "", /^error relay default: .* → nc -vz relay\.test 587/);
  const unknown = { lookUpMs: 3, lookUpError: "its name is not known", addresses: [] };
  assert.deepEqual(told({ reach: unknown, report: null }).length, 1);
});

Deno.test("judgeRelay: what failed is the one finding that is wrong, with advice", () => {
  const cases: readonly (readonly [Partial<RelayFacts>, RegExp])[] = [
    [
      failing(
        "tls",
        "Beginning TLS with relay.test:587: the certificate has expired (2026-01-01): have the relay's renewed",
      ),
      /^error TLS: .*expired \(2026-01-01\) → have the relay's renewed$/,
    ],
    [
      failing("auth", "AUTH: 535 5.7.8 Error: authentication failed"),
      /^error login: AUTH: 535 .* → see to user and password of the relay/,
    ],
    [
      failing("auth", "AUTH: 550 5.7.30 Basic authentication is not supported"),
      /^error login: .* → .*OAuth/,
    ],
    [
      failing(
        "hello",
        "EHLO: 504 5.5.2 <web1>: Helo command rejected: need fully-qualified hostname",
      ),
      /^error greeting: .* → set `hostname` to this machine's full name/,
    ],
    [
      failing(
        "greeting",
        "Waiting for the greeting: 554 5.7.1 Client host blocked using zen.spamhaus.org",
      ),
      /^error greeting: .* → the relay does not want mail from this machine's address/,
    ],
    [
      failing("connect", "Connecting to relay.test:587: no answer"),
      /^error relay default: .* → nc -v/,
    ],
    [{ unusable: "Cannot use smtps: without TLS" }, /^error relay default: .*→ mailq config/],
  ];
  for (const [facts, expected] of cases) {
    const wrong = told(facts).filter((line) => !line.startsWith("ok"));
    assert.equal(wrong.length, 1, wrong.join("\n"));
    assert.match(wrong[0] ?? "", expected);
  }
});

Deno.test("judgeRelay: who gets it is not asked: an unknown recipient is no fault of ours", () => {
  const reply = (text: string) =>
    told({ report: { ...REPORT, isAccepted: false, text } }).at(-1) ?? "";
  assert.match(reply("RCPT: 550 5.1.1 <x@y.test>: no such user"), /^ok sender/);
  assert.match(reply("RCPT: 554 5.7.1 <x@y.test>: Relay access denied"), /^error sender: .*login/);
});

Deno.test("judgeRelay: certificates that end soon, small limits, other clocks", () => {
  const session = (more: Partial<NonNullable<AskReport["session"]>>) => ({
    report: { ...REPORT, session: { ...REPORT.session!, ...more } },
  });
  const certificate = { names: "DNS:relay.test", validFrom: 0, validTo: NOW + 3 * DAY_MS };
  assert.match(told(session({ certificate }))[1] ?? "", /^warning TLS: .*2026-12-03.* → have/);
  const extensions = new Map([["SIZE", "10485760"]]);
  assert.match(told(session({ extensions }))[3] ?? "", /^warning size: .* → set max_size = "10MB"/);
  const at = (minutes: number) =>
    session({ greeting: `relay ESMTP; ${new Date(NOW + minutes * 60_000).toUTCString()}` });
  assert.equal(told(at(1))[4], "ok clock: the relay's agrees with ours");
  assert.match(told(at(90))[4] ?? "", /^warning clock: .* 90 minutes behind the relay's clock/);
  assert.match(told(at(-90))[4] ?? "", /^warning clock: .* 90 minutes ahead of the relay's clock/);
});
