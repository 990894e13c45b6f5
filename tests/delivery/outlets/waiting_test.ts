import assert from "node:assert/strict";
import { Waiting } from "../../../src/delivery/outlets/waiting.ts";
import type { Claim } from "../../../src/queue/claim.ts";

const claim = (seq: number, sizeBytes: number | null): Claim => ({
  seq,
  id: String(seq),
  token: seq,
  sender: "",
  lifeFrom: 0,
  recipients: [],
  sizeBytes: sizeBytes ?? 1_000_000,
  dotLines: 0,
  isEightBit: false,
  content: sizeBytes === null ? null : new Uint8Array(sizeBytes),
});

Deno.test("waiting: the bytes that came with claims are counted, in and out", () => {
  const waiting = new Waiting();
  waiting.push(claim(1, 10));
  waiting.push(claim(2, null));
  waiting.push(claim(3, 5));
  assert.deepEqual([waiting.length, waiting.bytes], [3, 15]);
  const first = waiting.shift();
  assert.deepEqual([first?.seq, waiting.length, waiting.bytes], [1, 2, 5]);
  if (first !== undefined) waiting.unshift(first);
  assert.equal(waiting.bytes, 15);
  assert.deepEqual(waiting.takeAll().map(({ seq }) => seq), [1, 2, 3]);
  assert.deepEqual([waiting.length, waiting.bytes, waiting.shift()], [0, 0, undefined]);
});
