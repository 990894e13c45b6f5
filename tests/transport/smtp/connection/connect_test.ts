import assert from "node:assert/strict";
import { Connector, resolveHost } from "../../../../src/transport/smtp/connection/connect.ts";
import { ConnectionBroken } from "../../../../src/transport/smtp/connection/broken.ts";
import type { Wire } from "../../../../src/transport/smtp/connection/wire.ts";
import { FakeTimers } from "../../../support/smtp_timers.ts";

/** A wire that is only looked at. */
function wireTo(address: string, closed: string[] = []): Wire {
  const never = () => Promise.reject(new Error("not to be used"));
  return {
    read: never,
    write: never,
    secure: never,
    close: () => void closed.push(address),
    abort: () => {},
  };
}

function optionsWith(timers: FakeTimers, signal = new AbortController().signal) {
  return { host: "relay.test", port: 25, limitMs: 30_000, timers, signal };
}

Deno.test("Connector: the next address is tried when one refuses, and the good one remembered", async () => {
  const tried: string[] = [];
  const connector = new Connector((address) => {
    tried.push(address);
    return address === "::1"
      ? Promise.reject(new Error("Connection refused (os error 111)"))
      : Promise.resolve(wireTo(address));
  }, () => ["::1", "192.0.2.1", "192.0.2.2"]);
  const timers = new FakeTimers();
  await connector.connect(optionsWith(timers));
  assert.deepEqual(tried, ["::1", "192.0.2.1"]);
  await connector.connect(optionsWith(timers));
  assert.deepEqual(tried, ["::1", "192.0.2.1", "192.0.2.1"]);
  assert.equal(timers.pending, 0);
});

Deno.test("Connector: when all refuse each is named with its reason", async () => {
  const reasons: Record<string, string> = { "::1": "Network is unreachable", "192.0.2.1": "no" };
  const connector = new Connector(
    (address) => Promise.reject(new Error(reasons[address])),
    () => Promise.resolve(Object.keys(reasons)),
  );
  await assert.rejects(connector.connect(optionsWith(new FakeTimers())), {
    kind: "lost",
    message: "Network is unreachable (::1), no (192.0.2.1)",
  });
});

Deno.test("Connector: an address that swallows packets leaves the next its share of the time", async () => {
  const timers = new FakeTimers();
  const closed: string[] = [];
  const late = Promise.withResolvers<Wire>();
  const dialled = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let count = 0;
  const connector = new Connector((address) => {
    dialled[count++]?.resolve();
    return address === "192.0.2.1" ? late.promise : Promise.resolve(wireTo(address));
  }, () => ["192.0.2.1", "192.0.2.2"]);
  const connecting = connector.connect(optionsWith(timers));
  await dialled[0]?.promise;
  timers.pass(14_999);
  assert.equal(count, 1);
  timers.pass(1);
  await connecting;
  assert.equal(count, 2);
  late.resolve(wireTo("192.0.2.1", closed));
  await late.promise;
  assert.deepEqual(closed, ["192.0.2.1"]);
});

Deno.test("Connector: the signal ends the look-up and every further try", async () => {
  const controller = new AbortController();
  const never = new Connector(undefined, () => new Promise(() => {}));
  const looking = never.connect(optionsWith(new FakeTimers(), controller.signal));
  controller.abort();
  await assert.rejects(looking, { kind: "stopped" });
  const dialled: string[] = [];
  const connector = new Connector((address) => {
    dialled.push(address);
    return new Promise(() => {});
  }, () => ["192.0.2.1", "192.0.2.2"]);
  await assert.rejects(connector.connect(optionsWith(new FakeTimers(), controller.signal)), {
    kind: "stopped",
  });
  assert.deepEqual(dialled, ["192.0.2.1"]);
});

Deno.test("Connector: a name nobody knows, and one without address, say so", async () => {
  const notFound = Object.assign(new Error("getaddrinfo ENOTFOUND relay.test"), {
    code: "ENOTFOUND",
  });
  const unknown = new Connector(undefined, () => Promise.reject(notFound));
  await assert.rejects(unknown.connect(optionsWith(new FakeTimers())), {
    message: "its name is not known",
  });
  const empty = new Connector(undefined, () => []);
  await assert.rejects(
    empty.connect(optionsWith(new FakeTimers())),
    (error) => error instanceof ConnectionBroken && error.message === "its name has no address",
  );
});

Deno.test("resolveHost: addresses as they are, localhost both ways, names by the system", async () => {
  assert.deepEqual(await resolveHost("192.0.2.7"), ["192.0.2.7"]);
  assert.deepEqual(await resolveHost("2001:db8::1"), ["2001:db8::1"]);
  assert.deepEqual(await resolveHost("LocalHost"), ["127.0.0.1", "::1"]);
  await assert.rejects(async () => await resolveHost("nowhere.invalid"));
});
