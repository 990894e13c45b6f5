import assert from "node:assert/strict";
import { matchesPattern, relaysFor } from "../../../src/queue/policy/route.ts";

for (
  const [pattern, address, expected] of [
    ["bob@acme.test", "bob@acme.test", true],
    ["bob@acme.test", "BOB@Acme.Test", true],
    ["bob@acme.test", "bigbob@acme.test", false],
    ["@acme.test", "bob@acme.test", true],
    ["@acme.test", "bob@mail.acme.test", false],
    ["*@acme.test", "bob@acme.test", true],
    ["*@*.acme.test", "bob@mail.acme.test", true],
    ["*@*.acme.test", "bob@acme.test", false],
    ["*.test", "a@b.test", true],
    ["a*a", "a", false],
    ["a*a", "aa", true],
    ["*a*b*", "xaxbx", true],
    ["*a*b*", "xbxax", false],
    ["*", "", true],
    ["<>", "", true],
    ["<>", "a@b.test", false],
    ["", "a@b.test", false],
  ] as const
) {
  Deno.test(`matchesPattern: ${pattern} and ${address || "<>"}: ${expected}`, () => {
    assert.equal(matchesPattern({ pattern, text: address }), expected);
  });
}

Deno.test("relaysFor: the first route that matches, else the default relay", () => {
  const routes = [
    { sender: "*@shop.test", recipient: "@big.test", relays: ["bulk", "spare"] },
    { sender: null, recipient: "@big.test", relays: ["direct"] },
    { sender: "<>", recipient: null, relays: ["bounces"] },
  ];
  assert.deepEqual(relaysFor(routes, { sender: "a@shop.test", recipient: "b@big.test" }), [
    "bulk",
    "spare",
  ]);
  assert.deepEqual(relaysFor(routes, { sender: "a@else.test", recipient: "b@big.test" }), [
    "direct",
  ]);
  assert.deepEqual(relaysFor(routes, { sender: "", recipient: "b@small.test" }), ["bounces"]);
  assert.deepEqual(relaysFor(routes, { sender: "a@shop.test", recipient: "b@small.test" }), [
    "default",
  ]);
});
