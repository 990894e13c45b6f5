import assert from "node:assert/strict";
import { page, pipe } from "../../../src/tui/terminal/programs.ts";
import { Terminal } from "../../../src/tui/terminal/terminal.ts";
import { FakeTerminal } from "../fake_terminal.ts";

/** More than a pipe holds. */
async function* long(): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < 40; i++) yield await Promise.resolve(new Uint8Array(64 * 1024).fill(65));
}

async function* broken(): AsyncGenerator<Uint8Array> {
  yield* long();
  throw new Error("the rest cannot be read");
}

function terminal(): Terminal {
  const port = new FakeTerminal(80, 24);
  // The key that goes back.
  port.type("\r");
  return new Terminal(port, () => {}, () => {}, { hasMouse: false });
}

for (const [command, code] of [["true", 0], ["no-such-command-here", 127], ["head -c 1", 0]]) {
  Deno.test(`a command that does not read its input is none the worse: ${command}`, async () => {
    const unheard: unknown[] = [];
    const hear = (event: PromiseRejectionEvent) => {
      event.preventDefault();
      unheard.push(event.reason);
    };
    globalThis.addEventListener("unhandledrejection", hear);
    try {
      const quiet = `${command} > /dev/null 2>&1`;
      assert.equal(await pipe(long(), quiet, terminal()), `${quiet} ended with ${code}`);
      const said = await page(long(), quiet, terminal());
      assert.equal(said, code === 0 ? null : `${quiet} ended with ${code}`);
      // Rejections that nobody hears are told between tasks.
      await new Promise((resolve) => setTimeout(resolve, 0));
    } finally {
      globalThis.removeEventListener("unhandledrejection", hear);
    }
    assert.deepEqual(unheard, []);
  });
}

Deno.test("a message that cannot be read to its end is an error, not a shorter message", async () => {
  await assert.rejects(pipe(broken(), "cat > /dev/null", terminal()), /the rest cannot be read/);
});
