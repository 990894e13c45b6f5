import assert from "node:assert/strict";
import fc from "fast-check";
import {
  isInNetwork,
  isLoopbackAddress,
  parseNetwork,
} from "../../../src/config/tables/networks.ts";

/** A network, addresses in it, and others. */
const NETWORKS: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"], [
    "11.0.0.0",
    "9.9.9.9",
    "::10",
  ]],
  ["192.168.1.16/28", ["192.168.1.16", "192.168.1.31"], ["192.168.1.15", "192.168.1.32"]],
  ["192.0.2.7", ["192.0.2.7"], ["192.0.2.8"]],
  ["0.0.0.0/0", ["1.2.3.4"], ["::1", "2001:db8::1"]],
  ["::/0", ["::1", "2001:db8::1"], ["1.2.3.4"]],
  ["fd00::/8", ["fd00::1", "fdff::", "FDAB:0:0::1%eth0"], ["fc00::1", "10.0.0.1"]],
  ["2001:db8:1:2::/64", ["2001:db8:1:2:ffff::1"], ["2001:db8:1:3::1"]],
  ["::ffff:10.0.0.1", ["10.0.0.1"], ["10.0.0.2"]],
];

for (const [text, inside, outside] of NETWORKS) {
  Deno.test(`isInNetwork: ${text}`, () => {
    const network = parseNetwork(text);
    assert.ok(network !== null);
    for (const address of inside) assert.ok(isInNetwork(address, network), address);
    for (const address of outside) assert.ok(!isInNetwork(address, network), address);
  });
}

for (
  const text of [
    "",
    "10.0.0",
    "10.0.0.256",
    "10.0.0.1/8",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "::1::",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8:9",
    "fd00::1/8",
    "::/129",
    "12345::",
    "host.test",
    "1.2.3.4:5",
    ":::",
  ]
) {
  Deno.test(`parseNetwork: "${text}" is none`, () => assert.equal(parseNetwork(text), null));
}

Deno.test("isLoopbackAddress: this machine alone", () => {
  for (const own of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1"]) {
    assert.ok(isLoopbackAddress(own), own);
  }
  for (const other of ["0.0.0.0", "::", "128.0.0.1", "localhost", "", "10.0.0.1", "fe80::1"]) {
    assert.ok(!isLoopbackAddress(other), other);
  }
});

Deno.test("isInNetwork: every address is in each network that it begins with", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.ipV4(), fc.ipV6()),
      fc.integer({ min: 0, max: 128 }),
      (address, bits) => {
        const whole = parseNetwork(address);
        assert.ok(whole !== null, address);
        const network = { bytes: whole.bytes, bits: Math.min(bits, whole.bytes.length * 8) };
        assert.ok(isInNetwork(address, network));
      },
    ),
  );
});
