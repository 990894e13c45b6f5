import { setImmediate } from "node:timers";

/** Resolves once everything that is ready to run has had its turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
