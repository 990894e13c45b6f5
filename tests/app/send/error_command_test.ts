import assert from "node:assert/strict";
import { childOk } from "../../support/child.ts";
import { askErrorCommand } from "../../../src/app/send/error_command.ts";

const FAILURE = { id: "7kq3vd", recipient: "bob@x.test", code: 550, reply: 'it\'s "gone"\n$(id)' };

/** Never passes by itself. */
function never(_: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

async function ask(command: string, wait = never) {
  const warnings: string[] = [];
  const env = { PATH: Deno.env.get("PATH") ?? "" };
  const tools = { env, wait, warn: (text: string) => void warnings.push(text) };
  return { answer: await askErrorCommand(command, FAILURE, tools), warnings };
}

const GOOD = [
  ["echo sent", "sent", false],
  ["printf deferred", "deferred", false],
  ["echo ' FAILED  Reconnect '", "failed", true],
  ["cat >/dev/null; echo deferred reconnect", "deferred", true],
] as const;

for (const [command, outcome, wantsReconnect] of GOOD) {
  Deno.test(`error_handler: ${command}`, async () => {
    assert.deepEqual(await ask(command), { answer: { outcome, wantsReconnect }, warnings: [] });
  });
}

const BAD = [
  ["echo bounced", /it printed "bounced\\n"; expected sent, deferred or failed/],
  ["true", /it printed ""/],
  ["echo sent maybe", /it printed/],
  ["echo sent reconnect now", /it printed/],
  ["echo sent; exit 3", /it ended with status 3/],
  ["kill -TERM $$", /it was ended by SIGTERM/],
  ["/nonexistent/handler", /it ended with status 127/],
  ["yes sent", /it printed "sent\\nsent/],
] as const;

for (const [command, why] of BAD) {
  Deno.test(`error_handler: ${command}: is passed over`, async () => {
    const { answer, warnings: [warning = "", ...more] } = await ask(command);
    assert.deepEqual([answer, more], [null, []]);
    assert.match(warning, /^the error_handler is passed over: /);
    assert.match(warning, why);
  });
}

Deno.test("error_handler: gets the failure as a line of JSON on its stdin", async () => {
  const file = await Deno.makeTempFile();
  try {
    await ask(`cat > '${file}'; echo deferred`);
    const text = await Deno.readTextFile(file);
    assert.deepEqual(JSON.parse(text), FAILURE);
    assert.equal(text.split("\n").length, 2);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("error_handler: one that hangs is killed with its children after 30 seconds", async () => {
  const folder = await Deno.makeTempDir();
  const started = `${folder}/started`;
  await childOk(["mkfifo", started]);
  const asked: number[] = [];
  try {
    const { answer, warnings } = await ask(
      `cat >/dev/null; sleep 1000 & echo started > '${started}'; sleep 1000`,
      async (ms) => {
        asked.push(ms);
        await Deno.readTextFile(started);
      },
    );
    assert.deepEqual([answer, asked], [null, [30_000]]);
    assert.match(warnings[0] ?? "", /it ran for more than 30 seconds/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
