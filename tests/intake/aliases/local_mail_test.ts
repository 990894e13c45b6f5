import assert from "node:assert/strict";
import { readEnvelope } from "../../../src/intake/address/envelope.ts";
import { scanHeader } from "../../../src/intake/header/headers.ts";
import type { IntakeSettings, LocalNames } from "../../../src/intake/options.ts";
import { intakeOptions } from "../intake_options.ts";

/** A machine called web1.example.org that counts what is asked of it. */
function machine(aliases: string | Error | null, fullName = "web1.example.org") {
  const asked = { aliases: 0, fullName: 0, accounts: 0 };
  const local: LocalNames = {
    host: fullName.split(".")[0] ?? "",
    get fullName() {
      asked.fullName++;
      return fullName;
    },
    aliasesPath: "/etc/aliases",
    readAliases() {
      asked.aliases++;
      if (aliases instanceof Error) throw aliases;
      return aliases;
    },
    systemAccounts() {
      asked.accounts++;
      return Promise.resolve(new Set(["root", "www-data"]));
    },
  };
  return { asked, local };
}

async function envelopeOf(to: readonly string[], settings: Partial<IntakeSettings>) {
  const nothing = new Uint8Array(0);
  return await readEnvelope(
    nothing,
    scanHeader(nothing),
    intakeOptions({ to, from: "" }, { hostname: "mail.example", ...settings }),
  );
}

const ADMIN = "ops@example.net";

for (
  const [to, recipient] of [
    ["root", ADMIN],
    ["root@localhost", ADMIN],
    ["root@LocalHost.localdomain", ADMIN],
    ["root@web1", ADMIN],
    ["root@WEB1.example.org", ADMIN],
    ['"odd name"@localhost', ADMIN],
    ["root@localhost.example", "root@localhost.example"],
    ["root@web10", "root@web10"],
    ["root@web1.example.com", "root@web1.example.com"],
    ["root@example.org", "root@example.org"],
    ["root@mail.example", "root@mail.example"],
  ] as const
) {
  Deno.test(`local names: on web1.example.org mail for ${to} goes to ${recipient}`, async () => {
    const { local } = machine(null);
    const { recipients } = await envelopeOf([to], { local, adminAddress: ADMIN });
    assert.deepEqual(recipients, [recipient]);
  });
}

Deno.test("local names: without alias and administrator they get @hostname, a full name stays", async () => {
  const { local } = machine("");
  const to = ["root", "a@localhost", "b@web1", "c@web1.example.org", '"odd name"@localhost'];
  assert.deepEqual((await envelopeOf(to, { local })).recipients, [
    "root@mail.example",
    "a@mail.example",
    "b@mail.example",
    "c@web1.example.org",
    '"odd name"@mail.example',
  ]);
});

Deno.test("local names: where hostname begins with the machine's own name it is this machine", async () => {
  const { local } = machine(null, "web1");
  const settings = { local, adminAddress: ADMIN, hostname: "web1.example.net" };
  assert.deepEqual((await envelopeOf(["root@web1.example.net"], settings)).recipients, [ADMIN]);
});

Deno.test("local names: a machine named as a mail domain takes accounts and aliases alone", async () => {
  const { local } = machine("Sales: x@y.test\n", "example.org");
  const to = ["root@example.org", "ann@example.org", "sales@example.org", "ann@localhost"];
  assert.deepEqual((await envelopeOf(to, { local, adminAddress: ADMIN })).recipients, [
    ADMIN,
    "ann@example.org",
    "x@y.test",
  ]);
});

Deno.test("aliases: at intake recipients are replaced, and duplicates merge", async () => {
  const { local } = machine("root: adm, Ann@x.test\nadm: ops@X.test, ann@localhost\n");
  const { recipients, ways } = await envelopeOf(
    ["root@localhost, ops@x.test", "b@c.test"],
    { local, adminAddress: "Ann@x.test" },
  );
  assert.deepEqual(recipients, ["ops@X.test", "Ann@x.test", "b@c.test"]);
  assert.deepEqual([...ways], [
    ["ops@X.test", "root → adm → ops@X.test"],
    ["Ann@x.test", "root → Ann@x.test"],
  ]);
});

Deno.test("aliases: a file that cannot be read is told once and loses no mail", async () => {
  const { local } = machine(new Deno.errors.PermissionDenied("Permission denied"));
  const settings = { local, adminAddress: ADMIN };
  const { recipients, warnings } = await envelopeOf(["root"], settings);
  assert.deepEqual(recipients, [ADMIN]);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /^Cannot read the aliases "\/etc\/aliases": Permission denied; /);
  assert.deepEqual((await envelopeOf(["root"], settings)).warnings, []);
});

Deno.test("aliases: what cannot be done is told with its line, once, where a name meets it", async () => {
  const { local } = machine("a: |prog\nroot: :include:/l, ops@x.test\nb: c\nc: b\n");
  const settings = { local, adminAddress: ADMIN };
  const root = await envelopeOf(["root"], settings);
  assert.deepEqual(root.recipients, ["ops@x.test"]);
  assert.deepEqual(root.warnings, [
    '/etc/aliases:2: root: ":include:/l" is not used: mailq reads no lists from other files',
  ]);
  assert.deepEqual((await envelopeOf(["root"], settings)).warnings, []);
  const loop = await envelopeOf(["b"], settings);
  assert.deepEqual(loop.recipients, [ADMIN]);
  assert.deepEqual(loop.warnings, ["/etc/aliases:4: b → c → b goes round in a loop"]);
  const command = await envelopeOf(["a"], settings);
  assert.deepEqual(command.recipients, [ADMIN]);
  assert.match(
    command.warnings.join("\n"),
    /:1: a: "\|prog".*runs no commands.*\n.*:1: a leads to/,
  );
});

Deno.test("local names: mail for elsewhere asks nothing of the machine", async () => {
  const { asked, local } = machine("root: a@b.test\n");
  const { recipients } = await envelopeOf(["ann@example.org", "bob@x.test"], { local });
  assert.deepEqual(recipients, ["ann@example.org", "bob@x.test"]);
  assert.deepEqual(asked, { aliases: 0, fullName: 0, accounts: 0 });
});

Deno.test("aliases: the file is read once for all mail of a call", async () => {
  const { asked, local } = machine("root: a@b.test\n");
  for (let n = 0; n < 3; n++) await envelopeOf(["root", "adm@web1.example.org"], { local });
  assert.deepEqual(asked, { aliases: 1, fullName: 1, accounts: 0 });
});
