import assert from "node:assert/strict";
import { HOUR_MS } from "./pass_on.ts";
import { RunningService } from "./run_service.ts";
import { accept, DEFERRED, reportOf } from "./scripted_relay.ts";
import { planOf, relayNamed, to } from "./several_relays.ts";
import { Waits } from "./waits.ts";

const LATER = { ...DEFERRED, enhanced: "4.7.1", text: "slow down" };

Deno.test("service: waits in its round for a short back-off, and beside it for a longer one", async () => {
  let told = 0;
  const relay = relayNamed(
    "default",
    (delivery, options) => ++told <= 3 ? reportOf(delivery, LATER) : accept(delivery, options),
  );
  await using service = await RunningService.make(relay);
  const { queue } = service;
  await queue.add({});
  service.start();
  for (const [tries, ms] of [[1, 1_000], [2, 2_000]] as const) {
    await relay.started(tries);
    await service.begun(ms);
    service.advance(ms);
  }
  await relay.started(3);
  await service.idle(1);
  assert.deepEqual([service.results[0]?.stoppedBy, told], ["throttled", 3]);
  assert.deepEqual(await queue.statuses(), { queued: 1 });
  service.advance(4_000);
  await relay.started(4);
  await service.idle(2);
  assert.deepEqual(await queue.statuses(), { sent: 1 });
});

Deno.test("service: another relay's mail goes while one backs off", async () => {
  const slow = relayNamed("default", (delivery) => reportOf(delivery, LATER));
  const fast = relayNamed("fast");
  await using service = await RunningService.make(slow);
  const { queue } = service;
  service.change({
    pass: service.pass({ relays: [planOf(slow), planOf(fast)], routes: [to("*@f.test", "fast")] }),
  });
  const other = await queue.open();
  await queue.add({});
  service.start();
  await slow.started(1);
  await other.enqueue([queue.message({ recipients: ["ann@f.test"] })]);
  service.advance(1_000);
  await fast.started(1);
});

Deno.test("service: a clock that is set back ends its pause, and what it had put off is due", async () => {
  let isWell = false;
  const relay = relayNamed(
    "default",
    (delivery, options) => isWell ? accept(delivery, options) : reportOf(delivery, DEFERRED),
  );
  await using service = await RunningService.make(relay);
  const { queue } = service;
  const year = 365 * 24 * HOUR_MS;
  await queue.add({});
  queue.clock.time += year;
  const { clock, random } = queue;
  const waits = new Waits([20]);
  service.start({ machine: { clock, random, wait: waits.wait } });
  await waits.begun(30_000);
  isWell = true;
  queue.clock.time -= year;
  waits.pass(30_000);
  await relay.started(2);
  service.stop.abort();
  await service.ended;
  assert.deepEqual(await queue.statuses(), { sent: 1 });
});
