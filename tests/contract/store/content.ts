import assert from "node:assert/strict";
import {
  awkwardBytes,
  collect,
  inPiecesOf,
  newMessage,
  START,
} from "../../support/queue_messages.ts";
import type { TestStore } from "../store_contract.ts";

const PIECE = 256 * 1024;
const SIZES = [0, 1, 2, 77, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * 1024 * 1024 + 5];

export function contentTests(test: TestStore): void {
  for (const sizeBytes of SIZES) {
    test(`a body of ${sizeBytes} bytes of all values comes back the same`, async ({ store }) => {
      const content = awkwardBytes(sizeBytes);
      await store.enqueue([newMessage({ content, sizeBytes, dotLines: 3, isEightBit: true })]);
      const worker = await store.registerWorker("test");
      const { claims: [claim] } = await store.claimDue({ worker, limit: 1, onlyUntried: true });
      assert(claim !== undefined);
      assert.deepEqual([claim.sizeBytes, claim.dotLines, claim.isEightBit], [sizeBytes, 3, true]);
      for await (const piece of store.content(claim.seq)) assert(piece.length <= PIECE);
      assertSameBytes(await collect(store.content(claim.seq)), content);
      if (claim.content !== null) assertSameBytes(claim.content, content);
      else assert(sizeBytes > PIECE, "few bytes come with the claim");
      await worker.close();
    });
  }

  for (const pieceBytes of [3_000, PIECE, PIECE + 7, 5 * 1024 * 1024]) {
    for (const sizeBytes of [0, PIECE, 3 * 1024 * 1024 + 5]) {
      test(`addLarge keeps ${sizeBytes} bytes in pieces of ${pieceBytes}`, async ({ store }) => {
        const content = awkwardBytes(sizeBytes);
        const { content: _, ...message } = newMessage();
        const stage = await store.stage();
        let isRead = false;
        const pieces = async function* () {
          yield* inPiecesOf(content, pieceBytes);
          isRead = true;
        };
        const added = await stage.addLarge(message, pieces(), () => {
          assert(isRead, "facts are asked for once all pieces are read");
          return { sizeBytes, dotLines: 9, isEightBit: true };
        });
        assert.deepEqual(added, { id: message.id, isKnownKey: false, suppressed: [] });
        assert.equal((await stage.commit()).size, 0);
        const shown = await store.show(message.id);
        assert.equal(shown?.sizeBytes, sizeBytes);
        assert.equal(shown?.createdAt, START);
        for await (const piece of store.content(shown.seq)) assert(piece.length <= PIECE);
        assertSameBytes(await collect(store.content(shown.seq)), content);
      });
    }
  }

  test("addLarge copies pieces whose memory is used again", async ({ store }) => {
    const reused = new Uint8Array(100_000);
    const pieces = async function* () {
      for (let i = 0; i < 6; i++) yield await reused.fill(i);
    };
    const { content: _, ...message } = newMessage();
    const stage = await store.stage();
    const facts = { sizeBytes: 600_000, dotLines: 0, isEightBit: false };
    await stage.addLarge(message, pieces(), () => facts);
    await stage.commit();
    const shown = await store.show(message.id);
    const bytes = await collect(store.content(shown?.seq ?? 0));
    for (let i = 0; i < 6; i++) {
      assert.deepEqual([bytes[i * 100_000], bytes[i * 100_000 + 99_999]], [i, i]);
    }
  });
}

function assertSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  assert.equal(actual.length, expected.length);
  const at = actual.findIndex((byte, i) => byte !== expected[i]);
  assert.equal(at, -1, `byte ${at} differs`);
}
