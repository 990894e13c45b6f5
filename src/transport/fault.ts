// What stops a hand-over that reaches all its recipients at once (mailboxes, programs), as an error
// with its outcome; and the words of the system for what went wrong.

import { errorText } from "../queue/errors.ts";
import type { DeliveryOutcome } from "../queue/ports/transport.ts";
import { relayFault, withoutReply } from "./outcomes.ts";

/** What stopped a hand-over that reaches all its recipients at once. */
export class HandOverFault extends Error {
  override readonly name = "HandOverFault";
  constructor(readonly outcome: DeliveryOutcome, options?: ErrorOptions) {
    super(outcome.text, options);
  }
}

/** The outcome of a hand-over that was told to stop in time. */
export const STOPPED: DeliveryOutcome = withoutReply("deferred", "Stopped before sending");

/** Waits for the file work `what` names. What goes wrong there (no space, no right, no folder) is
 *  the relay's fault: it would happen to any message. */
export async function onDisk<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const text = `${what}: ${systemText(error)}`;
    throw new HandOverFault(relayFault(text), { cause: error });
  }
}

/** What the system said, with its name for it: `No space left on device (ENOSPC)`. */
export function systemText(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return errorText(error).replace(
    / \(os error \d+\)(?:: .*)?$/s,
    typeof code === "string" ? ` (${code})` : "",
  );
}
