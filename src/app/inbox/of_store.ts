// The inbox of a store that has one: emptied before a pass (`send`, `run --once`), or watched beside the
// service. What that takes is loaded only there.

import type { Settings } from "../../config/settings.ts";
import { errorText } from "../../queue/errors.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { InboxApp } from "./take_in.ts";
import type { WatchApp } from "./watch.ts";

type WithInbox = Pick<Store, "inbox">;

/** Takes in what SQL has put beside the queue. Never rejects: what stands in the way is told, and the
 *  mail that is in the queue need not wait for it. */
export async function emptyInbox(
  app: InboxApp,
  settings: Settings,
  { inbox }: WithInbox,
): Promise<void> {
  if (inbox === undefined) return;
  const { takeInbox }: typeof import("./take_in.ts") = await import(
    import.meta.resolve("./take_in.ts")
  );
  try {
    await takeInbox(app, settings, inbox);
  } catch (error) {
    app.tell.warn(`mail from SQL has to wait: ${errorText(error)}`);
  }
}

/** Takes in whatever SQL puts beside the queue, until disposed of. */
export async function watchInbox(
  app: WatchApp,
  settings: () => Settings,
  { inbox }: WithInbox,
): Promise<AsyncDisposable | null> {
  if (inbox === undefined) return null;
  const { InboxWatch }: typeof import("./watch.ts") = await import(
    import.meta.resolve("./watch.ts")
  );
  return new InboxWatch(app, settings);
}
