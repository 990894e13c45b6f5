import assert from "node:assert/strict";
import type { ReceivedMessage } from "../../support/smtp_server.ts";

export const IDENTITY = "Message-ID: <1@sender.test>\r\nDate: Sun, 22 Nov 2026 03:00:00 +0000\r\n";
export const SENDER = "From: ann@sender.test\r\n";

/** One input and what must go out; `{added}` stands for the Message-ID and Date that intake adds.
 *  Text with a character a byte. */
export interface Case {
  readonly name: string;
  readonly input: string;
  readonly output: string;
}

/** A header that lacks nothing, with the body put behind it. */
export const whole = (body: string, extra = "") => `${SENDER}${IDENTITY}${extra}\r\n${body}`;
export const unchanged = (name: string, input: string): Case => ({ name, input, output: input });
export const changed = (name: string, input: string, output: string): Case => ({
  name,
  input,
  output,
});

/** Who the n-th case goes to. */
export function recipient(n: number): string {
  return `case${n}@receiver.test`;
}

/** The one message that came for an address. */
export function receivedBy(messages: readonly ReceivedMessage[], address: string): ReceivedMessage {
  const found = messages.filter((message) => message.to.includes(address));
  assert.equal(found.length, 1, `${address} got ${found.length} messages`);
  return found[0] ?? assert.fail();
}

/** The SHA-256 of bytes in hexadecimal. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(bytes));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
