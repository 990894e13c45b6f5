import assert from "node:assert/strict";
import { resolveId, selectMessages } from "../../src/app/select.ts";

/** A queue of which only the ids are known. */
function queueOf(...ids: string[]) {
  return {
    idsWithPrefix: (prefix: string, limit: number) =>
      Promise.resolve(ids.filter((id) => id.startsWith(prefix)).slice(0, limit)),
    async *unsent() {},
  };
}

Deno.test("select: an id is found by its unique beginning, in any case", async () => {
  const queue = queueOf("7kq3vd000000", "7kz000000000");
  assert.equal(await resolveId(queue, "7KQ"), "7kq3vd000000");
  assert.equal(await resolveId(queue, "7kz000000000"), "7kz000000000");
});

Deno.test("select: what names no message, or more than one, is refused with the candidates", async () => {
  const many = Array.from({ length: 12 }, (_, i) => `7k${String(i).padStart(2, "0")}00000000`);
  await assert.rejects(resolveId(queueOf(), "7kq"), {
    code: "usage",
    message: /^Cannot find a message whose id begins with "7kq"$/,
  });
  await assert.rejects(resolveId(queueOf("7kq000000000", "7kz000000000"), "7k"), {
    code: "usage",
    message: /^Cannot tell which message "7k" means: 7kq000000000 7kz000000000$/,
  });
  await assert.rejects(resolveId(queueOf(...many), "7k"), /7k0900000000 …$/);
  await assert.rejects(resolveId(queueOf(), "not an id"), { code: "usage" });
});

Deno.test("select: ids narrow the conditions, and without ids these stand alone", async () => {
  const queue = queueOf("7kq000000000", "9aa000000000");
  const conditions = { to: "@x.test" };
  assert.deepEqual(await selectMessages(queue, [], conditions), conditions);
  assert.deepEqual(await selectMessages(queue, ["9", "7k"], conditions), {
    to: "@x.test",
    ids: ["9aa000000000", "7kq000000000"],
  });
});
