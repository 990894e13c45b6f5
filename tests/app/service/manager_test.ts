import assert from "node:assert/strict";
import { ServiceManager } from "../../../src/app/service/manager.ts";

/** A manager whose time and waits the test moves. */
class Watched {
  readonly sent: string[] = [];
  readonly waits: number[] = [];
  readonly stop = new AbortController();
  now = 0;
  readonly manager: ServiceManager;
  #end = () => {};

  constructor(env: Record<string, string>) {
    this.manager = new ServiceManager({
      env,
      elapsed: () => this.now,
      send: (socket, text) => {
        this.sent.push(`${socket} ${text}`);
        return true;
      },
      wait: (ms, signal) => {
        this.waits.push(ms);
        return new Promise((resolve) => {
          this.#end = resolve;
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
      },
    });
  }

  /** Lets the wait that is under way end after `ms`. */
  async pass(ms: number): Promise<void> {
    this.now += ms;
    this.#end();
    // The watch goes on before anything that is asked for after this.
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }
}

const SOCKET = { NOTIFY_SOCKET: "@n" };

Deno.test("service manager: is told of the start, of trouble once, and of the end", () => {
  const { manager, sent } = new Watched(SOCKET);
  manager.ready("sending");
  manager.status("the disk is full");
  manager.status("the disk is full");
  manager.stopping();
  assert.deepEqual(sent, [
    "@n READY=1\nSTATUS=sending",
    "@n STATUS=the disk is full",
    "@n STOPPING=1\nSTATUS=finishing what is being sent",
  ]);
  const nobody = new Watched({});
  nobody.manager.ready("sending");
  assert.deepEqual(nobody.sent, []);
});

Deno.test("watchdog: is told as long as the service goes on as it said, and no longer", async () => {
  const watched = new Watched({ ...SOCKET, WATCHDOG_USEC: "30000000" });
  const { manager, sent, stop } = watched;
  manager.noteProgress(60_000);
  const watching = manager.watch(stop.signal);
  assert.deepEqual([sent.length, watched.waits], [1, [10_000]]);
  for (let n = 0; n < 9; n++) await watched.pass(10_000);
  assert.equal(sent.length, 10, "a minute, and half of one for a slow disk");
  await watched.pass(10_000);
  assert.equal(sent.length, 10, "it is stuck");
  manager.noteProgress(1_000);
  await watched.pass(10_000);
  assert.equal(sent.length, 11, "it goes on");
  stop.abort();
  await watching;
});

Deno.test("watchdog: of another process, or where none is wanted, nothing is told", async () => {
  const others: Record<string, string>[] = [
    { WATCHDOG_USEC: "1000000", WATCHDOG_PID: "1234567" },
    {},
  ];
  for (const env of others) {
    const { manager, sent, stop } = new Watched({ ...SOCKET, ...env });
    await manager.watch(stop.signal);
    assert.deepEqual(sent, []);
  }
});
