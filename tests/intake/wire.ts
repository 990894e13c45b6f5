import assert from "node:assert/strict";
import type { WholeMessage } from "../../src/queue/message.ts";
import { relayOn, unhindered } from "../support/smtp_delivery.ts";
import {
  converse,
  EHLO_REPLY,
  type ScriptedServer,
  scriptedServer,
} from "../support/smtp_script.ts";

const EHLO = EHLO_REPLY.replace("SIZE 10240000", "SIZE").replace("250 ENH", "250-ENH") +
  "\r\n250 SMTPUTF8";

/** What a server makes of the bytes of one hand-over. */
export interface Transaction {
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly content: Uint8Array;
}

/** A server that takes whatever it is told to, and keeps every byte of it. */
export class Wire implements AsyncDisposable {
  private constructor(readonly server: ScriptedServer) {}

  static async open(): Promise<Wire> {
    return new Wire(await scriptedServer((peer) => converse(peer, { ehlo: EHLO })));
  }

  /** Hands a message over on a connection of its own, and reads what came as a server reads it.
   *  Fails unless it is one transaction from the first byte to QUIT. */
  async send(message: WholeMessage): Promise<Transaction> {
    const transport = relayOn(this.server.port).open();
    const report = await transport.deliver({ ...message, id: message.id }, unhindered());
    await transport.close();
    assert.deepEqual([...new Set(report.outcomes.map(({ kind }) => kind))], ["sent"]);
    const peer = this.server.peers.at(-1);
    assert.ok(peer !== undefined);
    return readTransaction(peer.received);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

/** Reads the bytes of a connection as RFC 5321 has it, and only CRLF as the end of a line. */
function readTransaction(bytes: Uint8Array): Transaction {
  const lines = linesOf(bytes);
  const text = (line: Uint8Array) => new TextDecoder("utf-8", { fatal: true }).decode(line);
  const next = () => text(lines.shift() ?? new Uint8Array());
  assert.equal(next(), "EHLO client.example");
  const sender = /^MAIL FROM:<(.*)>((?: [A-Z0-9]+(?:=[A-Z0-9]+)?)*)$/.exec(next());
  assert.ok(sender !== null);
  const recipients: string[] = [];
  let command = next();
  for (; command !== "DATA"; command = next()) {
    const match = /^RCPT TO:<(.+)>$/s.exec(command);
    assert.ok(match !== null, command);
    recipients.push(match[1] ?? "");
  }
  const content: number[] = [];
  for (;;) {
    const line = lines.shift();
    assert.ok(line !== undefined, "the content has no end");
    if (line.length === 1 && line[0] === 46) break;
    for (const byte of line[0] === 46 ? line.subarray(1) : line) content.push(byte);
    content.push(13, 10);
  }
  assert.deepEqual(lines.map(text), ["QUIT"], "nothing but QUIT follows");
  return { sender: sender[1] ?? "", recipients, content: Uint8Array.from(content) };
}

/** Fails for a line end that is not CRLF, since servers differ on what that ends. */
function linesOf(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let from = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === 13) assert.equal(bytes[at + 1], 10, "a bare CR");
    if (bytes[at] !== 10) continue;
    assert.equal(bytes[at - 1], 13, "a bare LF");
    lines.push(bytes.subarray(from, at - 1));
    from = at + 1;
  }
  assert.equal(from, bytes.length, "the last line has no end");
  return lines;
}
