import assert from "node:assert/strict";
import { makeTables } from "../../../src/cli/completions/tables.ts";
import { scriptFor, SHELLS } from "../../../src/cli/completions/script.ts";
import { COMMAND_NAMES } from "../../../src/cli/frame/command_table.ts";
import { declaredCommands } from "../../../src/cli/frame/declared.ts";

const TABLES = makeTables(await declaredCommands(), ["mailq.toml"]);

function words(choices: readonly (readonly [string, string])[] | undefined): string[] {
  return choices?.map(([word]) => word) ?? [];
}

Deno.test("completions: every command is offered, and help", () => {
  assert.deepEqual(words(TABLES.commands.get("")), [...COMMAND_NAMES, "help"]);
  const below = ["add", "remove", "list", "import", "export"];
  assert.deepEqual(words(TABLES.commands.get("suppress")), below);
  assert.equal(TABLES.commands.get("list"), undefined);
});

Deno.test("completions: options come with their letters, those of all commands by themselves", () => {
  assert.ok(words(TABLES.options.get("*")).includes("--queue"));
  assert.ok(words(TABLES.options.get("*")).includes("-q"));
  assert.ok(words(TABLES.options.get("compose")).includes("--subject"));
  assert.ok(words(TABLES.options.get("compose")).includes("-s"));
  assert.ok(words(TABLES.options.get("suppress add")).includes("--reason"));
});

Deno.test("completions: what stands for a value says where its values are", () => {
  const { values, args } = TABLES;
  assert.equal(values.get("* --queue"), "files");
  assert.equal(values.get("* --json"), undefined);
  assert.equal(values.get("enqueue --maildir"), "folders");
  assert.equal(values.get("enqueue --priority"), "words now high normal low");
  assert.match(values.get("list --status") ?? "", /^list queued .*suppressed$/);
  assert.equal(values.get("compose -s"), "none");
  assert.equal(values.get("pause --relay"), "relays");
  assert.equal(args.get("show"), "ids");
  assert.equal(args.get("completions"), "words bash zsh fish");
  assert.match(args.get("config") ?? "", /^words queue spool transport .*retry\.max/);
  assert.match(args.get("help") ?? "", / tui .*mailq\.toml$/);
});

Deno.test("completions: no quote in a text ends it", () => {
  const option = {
    name: "from",
    letter: null,
    placeholder: "ID",
    values: null,
    isRepeatable: false,
    brief: "bob's \\ `id` $(id)",
  };
  const shared = { brief: "it's", about: "", args: [], commands: [] };
  const command = { words: ["a"], options: [option], ...shared };
  const [bash = "", zsh = "", fish = ""] = SHELLS.map((shell) => scriptFor(shell, [command]));
  for (const text of [bash, zsh]) assert.ok(text.includes("\tbob'\\''s \\ `id` $(id)'"), text);
  assert.ok(fish.includes("\tbob\\'s \\\\ `id` $(id)'"), fish);
});
