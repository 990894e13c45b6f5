import assert from "node:assert/strict";
import { askRelayOf, explain } from "../../../src/app/explain/explain.ts";
import { afterFault } from "../../../src/queue/policy/breaker.ts";
import { loadFile } from "../../config/fake_machine.ts";
import { TestApp } from "../../support/app.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

const SETTINGS = `
  admin_address = "ops@admin.test"
  rate_per_domain = "100/m"
  [relay.default]
  url = "smtp://mailer:secret@relay.test:587"
  rate = "10/h"
  [relay.program]
  url = "exec:/bin/deliver --token secret"
  [[route]]
  recipient = "@admin.test"
  relays = ["program", "default"]
`;

Deno.test("explain: who gets it, by which relays, and what keeps it back", async () => {
  await using app = await TestApp.make();
  const store = await app.openQueue(await app.settings(), { create: true });
  const settings = await loadFile(SETTINGS);
  const now = app.clock.now();
  for (let i = 0; i < 3; i++) {
    await store.noteRelay("program", (health) => afterFault(health, "status 1", now));
  }
  await store.suppress(["ops@admin.test"], null);
  const { sender, recipients, warnings } = await explain(app, settings, store, {
    address: "root",
    from: "a@b.test",
  });
  assert.equal(sender, "a@b.test");
  assert.deepEqual(warnings, []);
  const [{ relays: [program, relay] = [], ...recipient } = {}, ...others] = recipients;
  assert.deepEqual(others, []);
  assert.deepEqual(recipient, {
    address: "ops@admin.test",
    way: "root → ops@admin.test",
    isSuppressed: true,
    ratePerDomain: { count: 100, perMs: 60_000 },
    hindrance: null,
  });
  const { trouble, ...rest } = program ?? {};
  assert.match(trouble ?? "", /^the relay program is down: status 1; tried again /);
  assert.deepEqual(rest, {
    name: "program",
    place: "exec:/bin/deliver",
    user: null,
    tls: null,
    rate: null,
  });
  assert.deepEqual(relay, {
    name: "default",
    place: "smtp://relay.test:587",
    user: "mailer",
    tls: "required",
    rate: { count: 10, perMs: 3_600_000 },
    trouble: null,
  });
  assert.doesNotMatch(JSON.stringify(recipients), /secret/);
});

Deno.test("explain: an address that intake does not take is bad_address", async () => {
  await using app = await TestApp.make();
  const settings = await app.settings();
  const store = await app.openQueue(settings, { create: true });
  await assert.rejects(
    explain(app, settings, store, { address: "a@b@c.test", from: undefined }),
    { code: "bad_address" },
  );
});

Deno.test("explain: the relay is asked by the settings; one that is no server cannot be", async () => {
  await using server = new SmtpServer();
  await using app = await TestApp.make({ transport: server.url });
  const settings = await app.settings();
  const store = await app.openQueue(settings, { create: true });
  const { sender, recipients: [recipient] } = await explain(app, settings, store, {
    address: "refuse@receiver.test",
    from: "a@b.test",
  });
  assert.ok(recipient !== undefined);
  const said: string[] = [];
  const report = await askRelayOf(app, settings, { sender, recipient }, (line) => said.push(line));
  assert.equal(report.isAccepted, false);
  assert.ok(said.some((line) => line.includes("RCPT TO:<refuse@receiver.test>")));
  const other = await loadFile('transport = "null:"');
  const relays = [{
    name: "default",
    place: "null:",
    user: null,
    tls: null,
    rate: null,
    trouble: null,
  }];
  await assert.rejects(
    askRelayOf(app, other, { sender, recipient: { ...recipient, relays } }, () => {}),
    { code: "usage", message: /only SMTP and LMTP answer/ },
  );
});
