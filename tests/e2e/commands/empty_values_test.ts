import assert from "node:assert/strict";
import type { Command } from "@stricli/core";
import { COMMAND_NAMES, loadCommand } from "../../../src/cli/frame/command_table.ts";
import { kebab } from "../../../src/cli/frame/complaint.ts";
import type { Context, Machine } from "../../../src/cli/frame/context.ts";
import { runCli } from "../../../src/cli/frame/run.ts";
import { systemMachine } from "../../../src/cli/frame/system_machine.ts";
import { mail, Mailq } from "../../support/mailq.ts";

/** Where an empty value means something; every other flag refuses it. */
const MAY_BE_EMPTY = new Set([
  "pause --sender",
  "resume --sender",
  "explain --from",
  "test --from",
  "enqueue --from",
  "compose --subject",
  "resend --from",
]);

/** Every command with a name of one or two words. */
async function* commands(): AsyncGenerator<readonly [readonly string[], Command<Context>]> {
  for (const name of COMMAND_NAMES) {
    const target = await loadCommand(name);
    if ("parameters" in target) yield [[name], target];
    else {
      for (const { name: below, target: command } of target.getAllEntries()) {
        if ("parameters" in command) yield [[name, below.original], command];
      }
    }
  }
}

/** Runs a command line up to where a command would do something: its settings cannot be had. */
async function begin(argv: readonly string[]): Promise<{ status: number; stderr: string }> {
  let stderr = "";
  const stream = (take: (text: string) => void) => ({
    writeSync(bytes: Uint8Array) {
      take(new TextDecoder().decode(bytes));
      return bytes.length;
    },
    isTerminal: () => false,
  });
  const machine: Machine = {
    ...systemMachine(),
    stdin: { readSync: () => null, read: () => Promise.resolve(null), isTerminal: () => false },
    stdout: stream(() => {}),
    stderr: stream((text) => stderr += text),
    loadSettings: () => Promise.reject(new Error("as far as this")),
  };
  return { status: await runCli(argv, machine), stderr };
}

/** Words for the arguments that a command cannot do without. */
function argumentsOf({ parameters: { positional } }: Command<Context>): string[] {
  if (positional === undefined || positional.kind === "array") return [];
  return positional.parameters.filter(({ optional }) => optional !== true).map(() => "x");
}

Deno.test("--name= is the flag with an empty value, in every command", async () => {
  let tried = 0;
  const empty = new Set<string>();
  for await (const [words, command] of commands()) {
    const { flags = {}, aliases = {} } = command.parameters;
    for (const [name, flag] of Object.entries(flags)) {
      const letters = Object.entries(aliases).filter(([, long]) => long === name);
      for (const option of [`--${kebab(name)}`, ...letters.map(([letter]) => `-${letter}`)]) {
        const long = `${words.join(" ")} --${kebab(name)}`;
        const { status, stderr } = await begin([...words, ...argumentsOf(command), `${option}=`]);
        const what = `${words.join(" ")} ${option}=: ${status} ${stderr}`;
        if (flag.kind !== "boolean" && MAY_BE_EMPTY.has(long)) {
          assert.deepEqual([status, /as far as this/.test(stderr)], [70, true], what);
          empty.add(long);
        } else {
          assert.equal(status, 64, what);
          assert.ok(stderr.includes(`--${kebab(name)}`) || stderr.includes(option), what);
        }
        tried++;
      }
    }
  }
  assert.deepEqual(empty, MAY_BE_EMPTY);
  assert.ok(tried > 100, `${tried} flags`);
});

Deno.test("--name= of the global options names the option, and so do flags there are not", async () => {
  for (const name of COMMAND_NAMES.filter((name) => name !== "sendmail" && name !== "tx")) {
    for (const option of ["--queue", "--config", "--json", "--quiet", "--no-color", "--verbose"]) {
      for (const argv of [[`${option}=`, name], [name, `${option}=`]]) {
        const { status, stderr } = await begin(argv);
        assert.equal(status, 64, argv.join(" "));
        assert.match(stderr, new RegExp(`Cannot use ${option}`));
      }
    }
  }
  const { status, stderr } = await begin(["enqueue", "--no-such="]);
  assert.deepEqual([status, /There is no option --no-such/.test(stderr)], [64, true]);
});

Deno.test("--name= takes no other word for its value, and a value may have line ends", async () => {
  await using mailq = await Mailq.make({ MAILQ_FROM: "from@settings.test" });
  const stdin = mail({ to: "a@b.test" });
  for (const from of [["--from="], ["--from", ""], ["--from=<>"]]) {
    await mailq.ok(["enqueue", ...from, "-"], { stdin });
    const [{ sender }] = await mailq.json(["list", "--limit", "1"]);
    assert.equal(sender, "", from.join(" "));
  }
  const swallowed = await mailq.run(["enqueue", "--to=", "--from=x@y.test"], { stdin });
  assert.match(swallowed.stderr, /--to: Cannot use an empty value/);
  const injected = await mailq.run(["enqueue", "--to=a@b.test\nBcc: c@d.test"], { stdin });
  assert.equal(injected.code, 65);
  assert.match(injected.stderr, /the recipients: a line end/);
  const tag = "two\nlines";
  await mailq.ok(["enqueue", `--tag=${tag}`], { stdin });
  const [{ tags }] = await mailq.json(["list", "--limit", "1"]);
  assert.deepEqual(tags, [tag]);
});
