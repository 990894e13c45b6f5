import assert from "node:assert/strict";
import { RestingPreviewer } from "../../../src/tui/data/resting_previewer.ts";

const MAIL = new TextEncoder().encode("Subject: x\r\n\r\nhello\r\n");

Deno.test("the thread that takes mails apart ends when it rests, and is there again when wanted", async () => {
  using resting = new RestingPreviewer(0);
  assert.ok(resting.isResting);
  for (let i = 0; i < 3; i++) {
    const preview = await resting.use((previewer) => previewer.preview(MAIL));
    assert.match(preview.text ?? "", /^hello/);
    assert.ok(!resting.isResting);
    // Its timer was set before.
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.ok(resting.isResting);
  }
});

Deno.test("two mails at a time share it, and neither is cut off by the other's end", async () => {
  using resting = new RestingPreviewer(0);
  const both = await Promise.all([
    resting.use((previewer) => previewer.preview(MAIL)),
    resting.use(async (previewer) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return await previewer.preview(MAIL);
    }),
  ]);
  assert.deepEqual(both.map(({ text }) => text), ["hello\n", "hello\n"]);
});
