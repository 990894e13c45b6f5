// Takes in what mailq itself hands over by listen.submit: a call's messages, in the form of a file of
// the drop folder. Called by client_host.ts; that nothing in it is trusted is drops/intake.ts's work.

import type { Settings } from "../../config/settings.ts";
import type { SmtpText } from "../../intake/smtp/host.ts";
import type { Intake } from "../../queue/ports/intake.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import type { App } from "../app.ts";
import { DropIntake } from "../drops/intake.ts";

/** Queues the messages of a batch, all or none; resolves to their ids once they are on disk. */
export type TakeDrop = (text: SmtpText) => Promise<readonly string[]>;

export function dropTaker(
  app: Pick<App, "clock" | "random">,
  store: () => Promise<Intake & Reader>,
  settings: () => Settings,
): TakeDrop {
  return async (text) => {
    const intake = new DropIntake(app, settings(), await store());
    // A socket does not tell whose it is.
    return await intake.take(
      { sizeBytes: text.sizeBytes, readSync: (into) => text.readSync(into), bornAt: null },
      null,
    ) ?? [];
  };
}
