import { MailqError } from "../../queue/errors.ts";
import type { Store } from "../../queue/ports/store.ts";

/** A relay's program that hands its message to the queue it comes from would be run again for it,
 *  and for ever. */
export async function refuseLoop(store: Store, relay: string, id: string): Promise<void> {
  const message = await store.show(id);
  if (message?.recipients.some(({ state }) => state === "sending") !== true) return;
  throw new MailqError(
    "config_invalid",
    `Cannot queue mail from within the program of the relay "${relay}": it is handing over ` +
      `message ${id} of this very queue, and mail would go round in circles; ` +
      "expected a program that leads out of mailq",
  );
}
