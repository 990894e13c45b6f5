import assert from "node:assert/strict";
import { declaredCommands } from "../../../src/cli/frame/declared.ts";
import { findPage, PAGES, plainPage, roffPage } from "../../../src/cli/manual/pages.ts";
import { RELAY_KEYS, SETTINGS } from "../../../src/config/definitions.ts";

async function plain(name: string): Promise<string> {
  const page = findPage(name);
  assert.ok(page, name);
  return await plainPage(page, { width: 200, hasStyles: false });
}

Deno.test("manual: has every command with its options", async () => {
  const text = await plain("mailq");
  const commands = (await declaredCommands()).flatMap((one) => [one, ...one.commands]);
  for (const { words, options } of commands) {
    const from = text.indexOf(`\n  mailq ${words.join(" ")}`);
    assert.ok(from > 0, `no ${words.join(" ")}`);
    for (const { name } of options) assert.ok(text.indexOf(`--${name}`, from) > from, name);
  }
});

Deno.test("manual: has every setting with its default and variable, and every key of a relay", async () => {
  const text = await plain("mailq.toml(5)");
  assert.match(text, /\n {2}retry\.lifetime = 5d\n.*`\$MAILQ_RETRY_LIFETIME`/);
  assert.match(text, /\n {2}password_file\n.*`\$MAILQ_PASSWORD_FILE`/);
  for (const name of [...Object.keys(SETTINGS), ...Object.keys(RELAY_KEYS)]) {
    assert.match(text, new RegExp(`^ {2}${RegExp.escape(name)}( = |$)`, "m"));
  }
});

Deno.test("manual: a page is found with and without its section", () => {
  assert.equal(findPage("mailq.toml")?.section, 5);
  assert.equal(findPage("mailq.toml.5")?.section, 5);
  assert.equal(findPage("mailq-sendmail(8)")?.name, "mailq-sendmail");
  assert.equal(findPage("toml"), null);
});

Deno.test("manual: pages begin as man(1) wants them", async () => {
  for (const page of PAGES) {
    const [title = "", ...rest] = (await roffPage(page)).split("\n");
    assert.match(title, new RegExp(`^\\.TH ${page.name.toUpperCase()} ${page.section} `));
    assert.equal(rest[0], ".SH NAME");
  }
});
