// Opens the drop folder beside a queue as a destination of mail. Loaded by destination.ts alone,
// when the queue may not be opened; how drops are laid out on disk is src/store/drop's.

import type { Settings } from "../../config/settings.ts";
import { MailqError } from "../../queue/errors.ts";
import { DropBox } from "../../store/drop/box.ts";
import { dropFolder, usableDropFolder } from "../../store/drop/names.ts";
import { queuePath } from "../../store/open.ts";
import type { App } from "../app.ts";

/** Where mail goes if the queue may not be opened, as `refusal` says: into the drop folder beside it.
 *  Throws `permission` where there is none. */
export function openDropBox(
  { clock, random, tell }: Pick<App, "clock" | "random" | "tell">,
  settings: Settings,
  refusal: MailqError,
): DropBox {
  const queue = queuePath(settings.queue);
  const folder = usableDropFolder(queue);
  if (folder === null) {
    throw new MailqError(
      "permission",
      `${refusal.message}; nor is there a folder ${dropFolder(queue)}, open to all, ` +
        "to drop mail in for its owner (`mailq init system` makes or mends it)",
      { cause: refusal },
    );
  }
  tell.detail(`handing in by ${folder}: the queue is another user's`);
  return new DropBox(
    folder,
    clock,
    random,
    () => tell.note("priority now: it goes first, but not at once: the queue is another user's"),
  );
}
