// Runs the operator's pager, or a command that a message is piped to, on the terminal. Called by
// effects.ts. Giving the terminal away and taking it back is terminal.ts's work.

import { shell } from "../../system/shell.ts";
import { sanitise } from "../../display/sanitise.ts";
import type { Terminal } from "./terminal.ts";

/** Shows a message in the operator's pager, made safe for the terminal: not every pager does. */
export async function page(
  content: AsyncIterable<Uint8Array>,
  pager: string,
  terminal: Terminal,
): Promise<string | null> {
  let said: string | null = null;
  await terminal.lend(async () => {
    const code = await feed(pager, safe(content));
    if (code !== 0) said = `${pager} ended with ${code}`;
  });
  return said;
}

/** Pipes a message's bytes, as they are, to a shell command, and leaves what that prints to be
 *  read until a key is pressed. */
export async function pipe(
  content: AsyncIterable<Uint8Array>,
  command: string,
  terminal: Terminal,
): Promise<string> {
  let code = 0;
  await terminal.lend(async () => {
    code = await feed(command, content);
    terminal.port.write(`\n[ended with ${code}; Enter goes back]`);
    await terminal.waitForKey();
  });
  return `${command} ended with ${code}`;
}

/** Runs a shell command with `input` on its stdin, as much of it as it reads; returns its exit
 *  status. */
async function feed(command: string, input: AsyncIterable<Uint8Array>): Promise<number> {
  const child = shell(command, {
    stdin: "piped",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  // Whoever does not read on closes the pipe: that is told to each write, and here.
  writer.closed.catch(() => {});
  try {
    for await (const piece of input) {
      if (!await taken(writer.write(piece))) break;
    }
    await taken(writer.close());
  } catch (error) {
    // What cannot be read of the message: the command has only a part of it.
    await taken(writer.abort());
    await child.status;
    throw error;
  }
  return (await child.status).code;
}

/** Whether what was written was taken: a pager that was left, or `true`, reads no more. */
async function taken(written: Promise<void>): Promise<boolean> {
  try {
    await written;
    return true;
  } catch {
    return false;
  }
}

async function* safe(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(), encoder = new TextEncoder();
  for await (const piece of content) {
    yield encoder.encode(sanitise(decoder.decode(piece, { stream: true }), "multi_line"));
  }
  yield encoder.encode(sanitise(decoder.decode(), "multi_line"));
}
