import assert from "node:assert/strict";
import {
  Connector,
  type RelayMemory,
  resolveHost,
} from "../../../../src/transport/smtp/connection/connect.ts";
import { ConnectionBroken } from "../../../../src/transport/smtp/connection/broken.ts";
import type { Wire } from "../../../../src/transport/smtp/connection/wire.ts";
import { FakeTimers } from "../../../support/smtp_timers.ts";

/** A wire that is only looked at. */
function wireTo(address: string, closed: string[] = []): Wire {
  const never = () => Promise.reject(new Error("not to be used"));
  return {
    localAddress: null,
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
  const connector = new Connector({
    dial: (address) => {
      tried.push(address);
      return address === "::1"
        ? Promise.reject(new Error("Connection refused (os error 111)"))
        : Promise.resolve(wireTo(address));
    },
    resolve: () => ["::1", "192.0.2.1", "192.0.2.2"],
  });
  const timers = new FakeTimers();
  await connector.connect(optionsWith(timers));
  assert.deepEqual(tried, ["::1", "192.0.2.1"]);
  await connector.connect(optionsWith(timers));
  assert.deepEqual(tried, ["::1", "192.0.2.1", "192.0.2.1"]);
  assert.equal(timers.pending, 0);
});

Deno.test("Connector: when all refuse each is named with its reason", async () => {
  const reasons: Record<string, string> = { "::1": "Network is unreachable", "192.0.2.1": "no" };
  const connector = new Connector({
    dial: (address) => Promise.reject(new Error(reasons[address])),
    resolve: () => Promise.resolve(Object.keys(reasons)),
  });
  await assert.rejects(connector.connect(optionsWith(new FakeTimers())), {
    kind: "lost",
    message: "Network is unreachable (::1), no (192.0.2.1)",
  });
});

/** Addresses that answer only when told. */
function slowAddresses(addresses: readonly string[], memory: RelayMemory | null = null) {
  const timers = new FakeTimers();
  const dialled: string[] = [];
  const closed: string[] = [];
  const answers = new Map<string, PromiseWithResolvers<Wire>>();
  const connector = new Connector({
    dial: (address) => {
      dialled.push(address);
      const answer = Promise.withResolvers<Wire>();
      answers.set(address, answer);
      return answer.promise;
    },
    resolve: () => addresses,
    memory,
  });
  /** Lets what was settled take effect. */
  const settle = async () => {
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };
  return {
    timers,
    dialled,
    closed,
    connect: () => connector.connect(optionsWith(timers)),
    async accept(address: string) {
      answers.get(address)?.resolve(wireTo(address, closed));
      await settle();
    },
    async refuse(address: string) {
      answers.get(address)?.reject(new Error("Connection refused"));
      await settle();
    },
  };
}

const BOTH = ["2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2"];

Deno.test("Connector: the families take turns, 250 ms apart, and the first to answer is taken", async () => {
  const { timers, dialled, closed, connect, accept } = slowAddresses(BOTH);
  const connecting = connect();
  assert.deepEqual(dialled, ["2001:db8::1"]);
  timers.pass(249);
  assert.equal(dialled.length, 1);
  timers.pass(1);
  assert.deepEqual(dialled, ["2001:db8::1", "192.0.2.1"]);
  timers.pass(250);
  assert.deepEqual(dialled, ["2001:db8::1", "192.0.2.1", "2001:db8::2"]);
  await accept("192.0.2.1");
  await connecting;
  assert.equal(timers.pending, 0);
  timers.pass(60_000);
  assert.equal(dialled.length, 3, "nothing is tried once there is a connection");
  await accept("2001:db8::1");
  assert.deepEqual(closed, ["2001:db8::1"], "what comes late is closed");
});

Deno.test("Connector: where one refuses the next is tried at once", async () => {
  const { timers, dialled, connect, accept, refuse } = slowAddresses(BOTH);
  const connecting = connect();
  await refuse("2001:db8::1");
  assert.deepEqual(dialled, ["2001:db8::1", "192.0.2.1"]);
  timers.pass(250);
  await accept("2001:db8::2");
  await connecting;
});

Deno.test("Connector: the family that worked goes first, in this process and the next", async () => {
  const noted: (4 | 6)[] = [];
  const memory: RelayMemory = {
    noteCertificate() {},
    get: () => noted.at(-1) ?? null,
    note: (family) => void noted.push(family),
  };
  const first = slowAddresses(BOTH, memory);
  const connecting = first.connect();
  first.timers.pass(250);
  await first.accept("192.0.2.1");
  await connecting;
  assert.deepEqual(noted, [4]);
  const again = first.connect();
  assert.equal(first.dialled.at(-1), "192.0.2.1");
  await first.accept("192.0.2.1");
  await again;
  assert.deepEqual(noted, [4], "nothing new");
  const next = slowAddresses(BOTH, memory);
  const later = next.connect();
  next.timers.pass(1_000);
  assert.deepEqual(next.dialled, ["192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"]);
  await next.accept("2001:db8::2");
  await later;
  assert.deepEqual(noted, [4, 6]);
});

Deno.test("Connector: a name of one family says nothing of the other", async () => {
  const noted: (4 | 6)[] = [];
  const memory: RelayMemory = {
    get: () => null,
    note: (family) => void noted.push(family),
    noteCertificate() {},
  };
  const { connect, accept } = slowAddresses(["192.0.2.1", "192.0.2.2"], memory);
  const connecting = connect();
  await accept("192.0.2.1");
  await connecting;
  assert.deepEqual(noted, []);
});

Deno.test("Connector: addresses that swallow packets, and a resolver that hangs, end in time", async () => {
  const { timers, connect, refuse } = slowAddresses(["2001:db8::1", "192.0.2.1"]);
  const connecting = connect();
  await refuse("2001:db8::1");
  timers.pass(30_000);
  await assert.rejects(connecting, {
    message: "Connection refused (2001:db8::1), no connection within 30000 ms (192.0.2.1)",
  });
  const hanging = new Connector({ resolve: () => new Promise(() => {}) });
  const hangingTimers = new FakeTimers();
  const looking = hanging.connect(optionsWith(hangingTimers));
  hangingTimers.pass(30_000);
  await assert.rejects(looking, {
    kind: "timeout",
    message: "no answer to a look-up of its name within 30000 ms",
  });
});

Deno.test("Connector: the signal ends the look-up and every further try", async () => {
  const controller = new AbortController();
  const never = new Connector({ resolve: () => new Promise(() => {}) });
  const looking = never.connect(optionsWith(new FakeTimers(), controller.signal));
  controller.abort();
  await assert.rejects(looking, { kind: "stopped" });
  const dialled: string[] = [];
  const connector = new Connector({
    dial: (address) => {
      dialled.push(address);
      return new Promise(() => {});
    },
    resolve: () => ["192.0.2.1", "192.0.2.2"],
  });
  const timers = new FakeTimers();
  const signalled = connector.connect(optionsWith(timers, controller.signal));
  await assert.rejects(signalled, { kind: "stopped" });
  assert.deepEqual(dialled, []);
  const later = new AbortController();
  const connecting = connector.connect(optionsWith(timers, later.signal));
  later.abort();
  timers.pass(60_000);
  await assert.rejects(connecting, { kind: "stopped" });
  assert.deepEqual(dialled, ["192.0.2.1"]);
  assert.equal(timers.pending, 0);
});

Deno.test("Connector: a name nobody knows, and one without address, say so", async () => {
  const notFound = Object.assign(new Error("getaddrinfo ENOTFOUND relay.test"), {
    code: "ENOTFOUND",
  });
  const unknown = new Connector({ resolve: () => Promise.reject(notFound) });
  await assert.rejects(unknown.connect(optionsWith(new FakeTimers())), {
    message: "its name is not known",
  });
  const empty = new Connector({ resolve: () => [] });
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
