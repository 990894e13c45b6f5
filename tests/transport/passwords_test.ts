import assert from "node:assert/strict";
import { openRelay } from "../../src/transport/open_relay.ts";
import { loadFile } from "../config/fake_machine.ts";
import { authWith } from "../support/smtp_auth.ts";
import { deliveryOf, unhindered } from "../support/smtp_delivery.ts";
import { converse, scriptedServer } from "../support/smtp_script.ts";

const PASSWORDS = ['a b#"c', " p w ", "it's 100% §:@/?#[]\\", "=;$HOME`x`", "geheim-\u00fc"];

/** Where a password is had from: the text of the settings, the environment, and the file beside. */
const SOURCES: Record<
  string,
  (password: string, path: string) => {
    readonly table?: string;
    readonly url?: string;
    readonly env?: Record<string, string>;
  }
> = {
  "a file": (_, path) => ({ table: `password_file = ${JSON.stringify(path)}` }),
  "a command": (_, path) => ({ table: `password_command = ${JSON.stringify(`cat '${path}'`)}` }),
  "MAILQ_PASSWORD": (password) => ({ env: { MAILQ_PASSWORD: password } }),
  "the URL": (password) => ({ url: `me:${encodeURIComponent(password)}@` }),
};

for (const [source, settingsOf] of Object.entries(SOURCES)) {
  Deno.test(`passwords: every character of one from ${source} arrives`, async () => {
    const seen: string[] = [];
    await using server = await scriptedServer((peer) =>
      converse(peer, { ehlo: "250-x\r\n250 AUTH PLAIN", auth: authWith(seen) })
    );
    const folder = await Deno.makeTempDir();
    try {
      for (const password of PASSWORDS) {
        const path = `${folder}/pass word`;
        await Deno.writeTextFile(path, `${password}\n`);
        const { table = "", url = "me@", env = {} } = settingsOf(password, path);
        const text = `[relay.default]\nurl = ${
          JSON.stringify(`smtp://${url}127.0.0.1:${server.port}`)
        }\n${table}`;
        const [relay] = (await loadFile(text, { env })).relays;
        assert.ok(relay !== undefined);
        const write = () => Promise.resolve();
        const transport = (await openRelay(relay, { heloName: "client.example", write })).open();
        const report = await transport.deliver(deliveryOf(["a@example.com"]), unhindered());
        await transport.close();
        assert.equal(report.outcomes[0]?.kind, "sent", report.error ?? "");
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
    assert.deepEqual(seen, PASSWORDS.map((password) => `PLAIN \0me\0${password}`));
  });
}
