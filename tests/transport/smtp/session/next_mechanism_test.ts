import assert from "node:assert/strict";
import type { DeliveryReport } from "../../../../src/queue/ports/transport.ts";
import type { AuthKind } from "../../../../src/queue/relay_target.ts";
import { authWith } from "../../../support/smtp_auth.ts";
import { deliveryOf, relayOn, unhindered } from "../../../support/smtp_delivery.ts";
import { converse, hangUp, type Peer, scriptedServer } from "../../../support/smtp_script.ts";

const PASSWORD = "geheim-7";
const LONG_PASSWORD = "Kd83hfQ2".repeat(16);

interface Server {
  /** The lines of the reply to EHLO that speak of logins. */
  readonly lines: readonly string[];
  /** The mechanism that works; null = none. */
  readonly works: string | null;
  /** What the others get. */
  readonly refusal?: string;
  /** Whether a refusal ends the connection, and how. */
  readonly end?: "421" | "hang up";
}

/** Sends `count` messages at once, each on its own connection; returns the reports and, for each
 *  connection, the mechanisms tried on it. */
async function send(
  { lines, works, refusal = "535 5.7.8 no", end }: Server,
  { secret = PASSWORD, auth = null, count = 1, passes = 1 }: {
    readonly secret?: string;
    readonly auth?: AuthKind | null;
    readonly count?: number;
    readonly passes?: number;
  } = {},
): Promise<{ reports: DeliveryReport[]; tried: string[] }> {
  const tried = new Map<Peer, string[]>();
  const answer = async (peer: Peer, line: string) => {
    const mechanism = line.split(" ")[1] ?? "";
    const onThis = tried.get(peer) ?? [];
    tried.set(peer, [...onThis, mechanism]);
    if (end === "421" && onThis.length > 0) return peer.send("421 4.7.0 too many errors\r\n");
    if (mechanism === works) return await authWith([])(peer, line);
    await authWith([], refusal)(peer, line);
    if (end === "hang up") await hangUp(peer);
  };
  const ehlo = `250-old.example\r\n${lines.map((line) => `250-${line}\r\n`).join("")}250 HELP`;
  await using server = await scriptedServer((peer) => converse(peer, { ehlo, auth: answer }));
  const login = { user: "u", secret: { kind: "text", text: secret }, auth, mayGoInClear: true };
  const relay = relayOn(server.port, {}, {
    login: { ...login, secret: { kind: "text", text: secret } },
  });
  const reports: DeliveryReport[] = [];
  for (let pass = 0; pass < passes; pass++) {
    const transports = Array.from({ length: count }, () => relay.open());
    const made = await Promise.all(
      transports.map((each) => each.deliver(deliveryOf(["a@example.com"]), unhindered())),
    );
    reports.push(...made);
    await Promise.all(transports.map((each) => each.close()));
  }
  return { reports, tried: [...tried.values()].map((mechanisms) => mechanisms.join(" ")) };
}

function shown(reports: readonly DeliveryReport[]): string {
  const each = reports.map(({ outcomes: [outcome] }) =>
    `${outcome?.kind}${outcome?.isRelayFault ? "!" : ""} ${outcome?.code}`
  );
  return [...new Set(each)].join(", ");
}

const OFFERS: readonly (readonly string[])[] = [
  ["AUTH=LOGIN"],
  ["AUTH=LOGIN PLAIN"],
  ["AUTH LOGIN", "AUTH=LOGIN"],
  ["AUTH CRAM-MD5", "AUTH=CRAM-MD5 LOGIN"],
  ["auth login plain"],
  ["AUTH\tLOGIN", "AUTH LOGIN"],
  ["Auth = LOGIN"],
  ["AUTH GSSAPI NTLM LOGIN ", "8BITMIME"],
];
for (const lines of OFFERS) {
  Deno.test(`smtp AUTH: ${JSON.stringify(lines)} offers a login`, async () => {
    const works = lines.join().toUpperCase().includes("PLAIN") ? "PLAIN" : "LOGIN";
    const { reports, tried } = await send({ lines, works });
    assert.equal(shown(reports), "sent 250", reports[0]?.error ?? "");
    assert.deepEqual(tried, [works]);
  });
}

const ALL = ["AUTH SCRAM-SHA-256 PLAIN LOGIN"];
const LEADING_ON = [
  "500 5.5.1 what?",
  "501 5.5.4 cannot decode",
  "504 5.5.4 Unrecognized authentication type",
  "534 5.7.9 mechanism is too weak",
  "535 5.7.8 Authentication credentials invalid",
  "535 no",
  "550 5.7.30 Basic authentication is not supported",
];
for (const refusal of LEADING_ON) {
  Deno.test(`smtp AUTH: ${refusal} leads to the next mechanism`, async () => {
    const { reports, tried } = await send({ lines: ALL, works: "LOGIN", refusal });
    assert.equal(shown(reports), "sent 250");
    assert.deepEqual(tried, ["SCRAM-SHA-256 PLAIN LOGIN"]);
  });
}

const ENDING = [
  "454 4.7.0 Temporary authentication failure",
  "432 4.7.12 A password transition is needed",
  "530 5.7.0 Must issue a STARTTLS command first",
  "535 5.7.8 Too many failed logins",
  "535 5.7.13 User account disabled",
  "550 5.7.1 account is locked",
  "503 5.5.1 authentication not enabled",
];
for (const refusal of ENDING) {
  Deno.test(`smtp AUTH: ${refusal} leads nowhere`, async () => {
    const { reports, tried } = await send({ lines: ALL, works: "LOGIN", refusal });
    assert.equal(shown(reports), `deferred! ${refusal.slice(0, 3)}`);
    assert.deepEqual(tried, ["SCRAM-SHA-256"]);
  });
}

for (const end of ["421", "hang up"] as const) {
  Deno.test(`smtp AUTH: where a refusal ends the connection (${end}), the next one goes on`, async () => {
    const { reports, tried } = await send({ lines: ALL, works: "LOGIN", end });
    assert.equal(shown(reports), "sent 250", reports[0]?.error ?? "");
    const mechanisms = tried.flatMap((each) => each.split(" "));
    assert.deepEqual(mechanisms.filter((each) => each !== "LOGIN").length >= 2, true);
    assert.equal(mechanisms.at(-1), "LOGIN");
    // With 421 the mechanism that it answers was not tried.
    if (end === "hang up") assert.deepEqual(tried, ["SCRAM-SHA-256", "PLAIN", "LOGIN"]);
  });
}

Deno.test("smtp AUTH: a wrong password is tried once by each mechanism, whatever else is under way", async () => {
  const { reports, tried } = await send({ lines: ALL, works: null }, { count: 5 });
  assert.equal(shown(reports), "deferred! 535");
  assert.deepEqual(tried, ["SCRAM-SHA-256 PLAIN LOGIN"]);
});

Deno.test("smtp AUTH: where refusals end the connection it is once by each mechanism, too", async () => {
  const { reports, tried } = await send({ lines: ALL, works: null, end: "hang up" }, { count: 3 });
  assert.equal(shown(reports), "deferred! 535");
  assert.deepEqual(tried.toSorted(), ["LOGIN", "PLAIN", "SCRAM-SHA-256"]);
});

Deno.test("smtp AUTH: the refusal of the secret is told, not that of a mechanism", async () => {
  let count = 0;
  const refusals = ["504 5.5.4 unknown", "535 5.7.8 wrong", "504 5.5.4 unknown"];
  const auth = (peer: Peer, line: string) => authWith([], refusals[count++])(peer, line);
  const ehlo = "250-x\r\n250 AUTH SCRAM-SHA-256 PLAIN LOGIN";
  await using server = await scriptedServer((peer) => converse(peer, { ehlo, auth }));
  const secret = { kind: "text", text: PASSWORD } as const;
  const login = { user: "u", secret, mayGoInClear: true };
  const transport = relayOn(server.port, {}, { login }).open();
  const report = await transport.deliver(deliveryOf(["a@example.com"]), unhindered());
  await transport.close();
  assert.equal(report.error, "AUTH: 535 wrong");
});

Deno.test("smtp AUTH: what has worked is tried first, and alone", async () => {
  const server = { lines: ALL, works: "LOGIN" };
  const { reports, tried } = await send(server, { count: 3, passes: 2 });
  assert.equal(shown(reports), "sent 250");
  assert.deepEqual(tried, ["SCRAM-SHA-256 PLAIN LOGIN", ...Array(5).fill("LOGIN")]);
});

Deno.test("smtp AUTH: a long password is no token, and a short token no password", async () => {
  const lines = ["AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER"];
  const long = await send({ lines, works: "PLAIN" }, { secret: LONG_PASSWORD });
  assert.equal(shown(long.reports), "sent 250");
  assert.deepEqual(long.tried, ["OAUTHBEARER XOAUTH2 PLAIN"]);
  const short = await send({ lines, works: "XOAUTH2" }, { secret: "opaque-token-17" });
  assert.equal(shown(short.reports), "sent 250");
  assert.deepEqual(short.tried, ["PLAIN LOGIN OAUTHBEARER XOAUTH2"]);
});

Deno.test("smtp AUTH: the setting auth says what the secret is, and by what it is shown", async () => {
  const lines = ["AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER"];
  const cases: readonly [AuthKind, string][] = [
    ["password", "PLAIN LOGIN"],
    ["oauth", "OAUTHBEARER XOAUTH2"],
    ["login", "LOGIN"],
    ["xoauth2", "XOAUTH2"],
  ];
  for (const [auth, expected] of cases) {
    const { tried } = await send({ lines, works: null }, { secret: LONG_PASSWORD, auth });
    assert.deepEqual(tried, [expected], auth);
  }
  const { reports, tried } = await send({ lines, works: null }, { auth: "scram-sha-256" });
  assert.deepEqual(tried, []);
  assert.equal(
    reports[0]?.error,
    'AUTH: the server offers "PLAIN LOGIN XOAUTH2 OAUTHBEARER", and auth is set to scram-sha-256',
  );
});
