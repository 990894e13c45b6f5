import assert from "node:assert/strict";
import fc from "fast-check";
import { DropBox } from "../../../src/store/drop/box.ts";
import { type DropBytes, readDrop, WHOLE_BYTES } from "../../../src/store/drop/read.ts";
import { newMessage, START } from "../../support/queue_messages.ts";
import { namesIn, ScratchFolder } from "./scratch_folder.ts";
import { systemRandom } from "../../../src/system/time.ts";

function boxAt(folder: string, onUrgent = () => {}): DropBox {
  return new DropBox(folder, { now: () => START }, systemRandom, onUrgent);
}

/** Bytes that come in pieces of at most `pieceBytes`. */
class Pieces implements DropBytes {
  #at = 0;
  constructor(
    readonly bytes: Uint8Array,
    readonly pieceBytes = Infinity,
    readonly sizeBytes = bytes.length,
  ) {}

  readSync(into: Uint8Array): number | null {
    if (this.#at >= this.bytes.length) return null;
    const end = this.#at + Math.min(this.pieceBytes, into.length);
    const piece = this.bytes.subarray(this.#at, end);
    into.set(piece);
    this.#at += piece.length;
    return piece.length;
  }
}

interface Read {
  readonly id: string;
  readonly content: Uint8Array;
}

async function readAll(source: DropBytes): Promise<Read[]> {
  const read: Read[] = [];
  for (const { fields, sizeBytes, head, rest } of readDrop(source)) {
    const parts = [head.slice()];
    for await (const piece of rest) parts.push(piece.slice());
    const content = new Uint8Array(await new Blob(parts).arrayBuffer());
    assert.equal(content.length, sizeBytes);
    read.push({ id: fields.id, content });
  }
  return read;
}

/** What lies in a drop folder. */
function dropIn(folder: string): Uint8Array {
  const [name, ...others] = namesIn(folder);
  assert.deepEqual(others, []);
  return Deno.readFileSync(`${folder}/${name}`);
}

Deno.test("a drop: holds the messages of one call, byte for byte", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 3_000 }), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 500 }),
      async (contents, pieceBytes) => {
        await using scratch = await ScratchFolder.make();
        const folder = await scratch.drop();
        const messages = contents.map((content) => newMessage({ content }));
        const enqueued = await boxAt(folder).enqueue(messages);
        assert.deepEqual(enqueued.map(({ id }) => id), messages.map(({ id }) => id));
        const read = await readAll(new Pieces(dropIn(folder), pieceBytes));
        assert.deepEqual(read, messages.map(({ id, content }) => ({ id, content })));
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("a drop: holds a message that is larger than memory between others", async () => {
  await using scratch = await ScratchFolder.make();
  const folder = await scratch.drop();
  const large = crypto.getRandomValues(new Uint8Array(60_000));
  const [first, middle, last] = [newMessage(), newMessage(), newMessage()];
  const stage = await boxAt(folder).stage();
  await stage.add([first]);
  async function* pieces() {
    for (let i = 0; i < 20; i++) yield await Promise.resolve(large);
  }
  await stage.addLarge(middle, pieces(), () => {
    throw new Error("nobody needs to know");
  });
  await stage.add([last]);
  assert.equal((await stage.commit()).size, 0);
  const read = await readAll(new Pieces(dropIn(folder)));
  assert.deepEqual(read.map(({ id }) => id), [first.id, middle.id, last.id]);
  const content = read[1]?.content ?? new Uint8Array();
  assert.ok(content.length > WHOLE_BYTES);
  for (let i = 0; i < 20; i++) {
    assert.deepEqual(content.subarray(i * 60_000, (i + 1) * 60_000), large);
  }
});

Deno.test("a drop: is hidden until it is whole, and gone if it is given up", async () => {
  await using scratch = await ScratchFolder.make();
  const folder = await scratch.drop();
  const stage = await boxAt(folder).stage();
  await stage.add([newMessage()]);
  assert.match(namesIn(folder).join(), /^\.new-[^,]+$/);
  await stage.abort();
  assert.deepEqual(namesIn(folder), []);
});

Deno.test("a drop: is readable for its owner alone, for the folder's group if that is handed on", async () => {
  for (const [folderMode, mode] of [[0o1733, 0o600], [0o3733, 0o640]] as const) {
    await using scratch = await ScratchFolder.make();
    const folder = await scratch.drop(folderMode);
    await boxAt(folder).enqueue([newMessage()]);
    const [name] = namesIn(folder);
    assert.equal((await Deno.stat(`${folder}/${name}`)).mode! & 0o777, mode);
  }
});

Deno.test("a drop: nothing to queue leaves nothing", async () => {
  await using scratch = await ScratchFolder.make();
  const folder = await scratch.drop();
  assert.deepEqual(await boxAt(folder).enqueue([]), []);
  assert.deepEqual(namesIn(folder), []);
});

Deno.test("a drop: what asks to be sent at once is told not to be", async () => {
  await using scratch = await ScratchFolder.make();
  const folder = await scratch.drop();
  let told = 0;
  const box = boxAt(folder, () => void told++);
  await box.enqueue([newMessage()]);
  assert.equal(told, 0);
  await box.enqueue([newMessage({ priority: "now" }), newMessage({ priority: "now" })]);
  assert.equal(told, 1);
});

Deno.test("a drop: a folder that is not there is an error of permission", async () => {
  await using scratch = await ScratchFolder.make();
  await assert.rejects(boxAt(`${scratch.path}/none`).enqueue([newMessage()]), {
    code: "permission",
    message: /drop folder .*\/none: there is no such folder; `mailq init system` makes it/,
  });
});

async function sampleDrop(): Promise<Uint8Array> {
  await using scratch = await ScratchFolder.make();
  const folder = await scratch.drop();
  await boxAt(folder).enqueue([newMessage(), newMessage()]);
  return dropIn(folder);
}

Deno.test("readDrop: refuses a drop that is cut short anywhere, or goes on", async () => {
  const whole = await sampleDrop();
  for (let size = 0; size < whole.length; size++) {
    const cut = whole.subarray(0, size);
    await assert.rejects(readAll(new Pieces(cut)), { code: "bad_message" }, `${size} bytes`);
    // As if its writer had cut it while it was read.
    const late = new Pieces(cut, Infinity, whole.length);
    await assert.rejects(readAll(late), { code: "bad_message" }, `${size} bytes`);
  }
  const more = new Uint8Array(whole.length + 1);
  more.set(whole);
  await assert.rejects(readAll(new Pieces(more)), { code: "bad_message" });
  await assert.rejects(readAll(new Pieces(more, Infinity, whole.length)), { code: "bad_message" });
});

Deno.test("readDrop: takes no damage for more than a refusal", async () => {
  const whole = await sampleDrop();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      async (changes) => {
        const damaged = whole.slice();
        for (const [at, byte] of changes) damaged[at] = byte;
        try {
          const read = await readAll(new Pieces(damaged));
          assert.ok(read.length <= 2);
        } catch (error) {
          assert.equal(error instanceof Error && Reflect.get(error, "code"), "bad_message");
        }
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("readDrop: garbage is refused", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, isHeaded) => {
      const start = new TextEncoder().encode(isHeaded ? "mailq-drop 1\n" : "");
      const source = new Uint8Array([...start, ...bytes]);
      await assert.rejects(readAll(new Pieces(source)), { code: "bad_message" });
    }),
    { numRuns: 300 },
  );
});

Deno.test("readDrop: huge counts cost nothing", async () => {
  for (
    const frame of [
      "message 9999999999999999 0000000000000000\n",
      "message 0000000000000010 9999999999999999\n",
      "message 0000000008388609 0000000000000000\n",
      "end 9999999999999999\n",
      "end 0000000000000000\n",
      "message -000000000000001 0000000000000000\n",
    ]
  ) {
    const bytes = new TextEncoder().encode(`mailq-drop 1\n${frame}`);
    await assert.rejects(readAll(new Pieces(bytes)), { code: "bad_message" }, frame);
  }
});
