import assert from "node:assert/strict";
import {
  type ByteSource,
  fileInput,
  folderInputs,
  type InputBytes,
  openInputs,
  stdinInput,
  WHOLE_BYTES,
} from "../../../src/intake/sources/files.ts";
import { MailqError } from "../../../src/queue/errors.ts";
import { bytesOf, textOf } from "../intake_options.ts";

/** Gives bytes in reads of at most `step`. */
function sourceOf(bytes: Uint8Array, step = Infinity): ByteSource {
  let at = 0;
  return {
    readSync(into) {
      if (at === bytes.length) return null;
      const piece = bytes.subarray(at, at + Math.min(step, into.length));
      into.set(piece);
      at += piece.length;
      return piece.length;
    },
  };
}

async function wholeOf(input: InputBytes): Promise<Uint8Array> {
  if (input.kind === "whole") return input.bytes;
  const pieces = [input.head];
  for await (const piece of input.rest) pieces.push(piece.slice());
  return new Uint8Array(await new Blob(pieces.map((piece) => piece.slice())).arrayBuffer());
}

/** Megabytes take deepEqual seconds. */
function assertSame(found: Uint8Array, expected: Uint8Array) {
  assert.equal(found.length, expected.length);
  assert.ok(found.every((byte, i) => byte === expected[i]));
}

function unreadable(step: () => unknown, message: string) {
  assert.throws(step, (error: unknown) => {
    assert.ok(error instanceof MailqError);
    assert.equal(error.code, "input_unreadable");
    assert.equal(error.message, message);
    return true;
  });
}

function withFolder(work: (path: string) => void | Promise<void>) {
  return async () => {
    const path = Deno.makeTempDirSync({ prefix: "mailq_sources_" });
    try {
      await work(path);
    } finally {
      Deno.removeSync(path, { recursive: true });
    }
  };
}

Deno.test("stdinInput: reads to the end, however little comes at a time", async () => {
  for (const size of [0, 1, 65_535, 65_536, 65_537, 200_000, WHOLE_BYTES]) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => i % 251);
    for (const step of [Infinity, 70_001, 4096]) {
      const input = stdinInput(sourceOf(bytes, step)).read();
      assert.equal(input.kind, "whole");
      assertSame(await wholeOf(input), bytes);
    }
  }
});

Deno.test("stdinInput: gives more than 1 MB as head and rest", async () => {
  for (const size of [WHOLE_BYTES + 1, 3 * WHOLE_BYTES + 17]) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => i % 251);
    for (const step of [Infinity, 70_001]) {
      const input = stdinInput(sourceOf(bytes, step)).read();
      assert.equal(input.kind, "large");
      assertSame(await wholeOf(input), bytes);
    }
  }
});

Deno.test("stdinInput: names standard input when it cannot be read", () => {
  const broken = {
    readSync: () => {
      throw new Deno.errors.WouldBlock("x");
    },
  };
  const message = "Cannot read standard input: it is not ready (non-blocking input)";
  unreadable(() => stdinInput(broken).read(), message);
});

Deno.test(
  "fileInput: reads a file of any name",
  withFolder((path) => {
    Deno.writeFileSync(`${path}/mail`, bytesOf("A: 1\n\n\xff\0"));
    const input = fileInput(`${path}/mail`);
    assert.equal(input.name, `${path}/mail`);
    const read = input.read();
    assert.ok(read.kind === "whole");
    assert.equal(textOf(read.bytes), "A: 1\n\n\xff\0");
  }),
);

Deno.test(
  "fileInput: opens a large file once and closes it",
  withFolder(async (path) => {
    const bytes = new Uint8Array(2 * WHOLE_BYTES).fill(65);
    Deno.writeFileSync(`${path}/mail`, bytes);
    // Deno's own check fails this test if a file stays open.
    assertSame(await wholeOf(fileInput(`${path}/mail`).read()), bytes);
    const unread = fileInput(`${path}/mail`).read();
    assert.ok(unread.kind === "large");
    unread.close();
    unread.close();
  }),
);

Deno.test(
  "fileInput: says why a file cannot be read",
  withFolder((path) => {
    const missing = `${path}/not "here"`;
    const reason = "there is no such file or folder";
    unreadable(
      () => fileInput(missing).read(),
      `Cannot read ${JSON.stringify(missing)}: ${reason}`,
    );
    unreadable(() => fileInput(path).read(), `Cannot read "${path}": it is a folder`);
  }),
);

Deno.test(
  "openInputs: says why a path cannot be read",
  withFolder((path) => {
    const stdin = sourceOf(new Uint8Array(0));
    const list = (...paths: string[]) => () => [...openInputs(paths, stdin)];
    Deno.writeTextFileSync(`${path}/file`, "x");
    Deno.symlinkSync("loop", `${path}/loop`);
    unreadable(list(`${path}/no`), `Cannot read "${path}/no": there is no such file or folder`);
    unreadable(
      list(`${path}/file/x`),
      `Cannot read "${path}/file/x": a part of the path is no folder`,
    );
    unreadable(list(`${path}/loop`), `Cannot read "${path}/loop": its links go round in circles`);
    unreadable(list(path), `Cannot read "${path}": it holds no *.eml file`);
  }),
);

Deno.test(
  "openInputs: takes files, folders and standard input in the order given",
  withFolder((path) => {
    Deno.mkdirSync(`${path}/mail`);
    Deno.writeTextFileSync(`${path}/mail/a.eml`, "a");
    Deno.writeTextFileSync(`${path}/one.txt`, "one");
    const inputs = openInputs([`${path}/one.txt`, "-", `${path}/mail`], sourceOf(bytesOf("in")));
    const texts = [...inputs].map((input) => {
      const read = input.read();
      return [input.name, read.kind === "whole" ? textOf(read.bytes) : ""];
    });
    assert.deepEqual(texts, [[`${path}/one.txt`, "one"], ["-", "in"], [`${path}/mail/a.eml`, "a"]]);
  }),
);

Deno.test(
  "folderInputs: takes *.eml sorted by name, not nested, not hidden",
  withFolder((path) => {
    for (
      const name of ["b.eml", "a.eml", "10.eml", "9.eml", ".hidden.eml", "x.txt", "y.EML", "eml"]
    ) {
      Deno.writeTextFileSync(`${path}/${name}`, name);
    }
    Deno.mkdirSync(`${path}/folder.eml`);
    Deno.writeTextFileSync(`${path}/folder.eml/inner.eml`, "inner");
    Deno.symlinkSync("folder.eml", `${path}/link.eml`);
    Deno.symlinkSync("x.txt", `${path}/c.eml`);
    const names = ["10.eml", "9.eml", "a.eml", "b.eml", "c.eml"].map((name) => `${path}/${name}`);
    assert.deepEqual([...folderInputs(path)].map((input) => input.name), names);
    assert.deepEqual([...folderInputs(`${path}/`)].map((input) => input.name), names);
  }),
);

Deno.test(
  "folderInputs: gives each message bytes of its own",
  withFolder((path) => {
    for (const name of ["a", "b"]) Deno.writeTextFileSync(`${path}/${name}.eml`, name.repeat(9));
    const texts = [...folderInputs(path)].map((input) => input.read()).map((read) =>
      read.kind === "whole" ? textOf(read.bytes) : ""
    );
    assert.deepEqual(texts, ["a".repeat(9), "b".repeat(9)]);
  }),
);

Deno.test(
  "folderInputs: refuses a link that leads nowhere rather than leave it out",
  withFolder((path) => {
    Deno.symlinkSync("gone", `${path}/a.eml`);
    const message = `Cannot read "${path}/a.eml": there is no such file or folder`;
    unreadable(() => [...folderInputs(path)], message);
  }),
);
