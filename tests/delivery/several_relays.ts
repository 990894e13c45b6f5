import type { OutletPlan } from "../../src/delivery/outlets/outlet.ts";
import type { Rate } from "../../src/queue/policy/rate.ts";
import type { Route } from "../../src/queue/policy/route.ts";
import { accept, RELAY_DOWN, reportOf, type Script, ScriptedRelay } from "./scripted_relay.ts";

/** A relay that cannot be reached. */
export const down: Script = (delivery) => reportOf(delivery, RELAY_DOWN);

export function relayNamed(name: string, script: Script = accept): ScriptedRelay {
  return new ScriptedRelay(script, name);
}

export function planOf(relay: ScriptedRelay, rate: Rate | null = null): OutletPlan {
  return { relay, concurrency: 10, rate };
}

/** Mail to `pattern` goes by these relays. */
export function to(pattern: string, ...relays: string[]): Route {
  return { sender: null, recipient: pattern, relays };
}
