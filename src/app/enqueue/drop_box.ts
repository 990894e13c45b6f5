// Opens a destination for mail of those who may not open the queue: the drop folder beside it, else
// the socket of a service. Loaded by destination.ts alone, when it comes to that; how drops are laid
// out is src/store/drop's.

import type { Settings } from "../../config/settings.ts";
import { MailqError } from "../../queue/errors.ts";
import type { Enqueuer } from "../../queue/ports/intake.ts";
import { canDrop, DropBox } from "../../store/drop/box.ts";
import { dropFolder, usableDropFolder } from "../../store/drop/names.ts";
import { queuePath } from "../../store/open.ts";
import type { App } from "../app.ts";

/** Where mail goes if the queue may not be opened, as `refusal` says: into the drop folder beside it,
 *  or by the socket of `listen.submit` where that folder is missing or cannot be written. Throws
 *  `permission` where there is neither. */
export async function openDropBox(
  app: Pick<App, "clock" | "random" | "tell">,
  settings: Settings,
  refusal: MailqError,
): Promise<Enqueuer> {
  const { clock, random, tell } = app;
  const queue = queuePath(settings.queue);
  const { submitSocket } = settings;
  const folder = usableDropFolder(queue);
  if (submitSocket !== null && (folder === null || !canDrop(folder, clock, random))) {
    const { SocketBox }: typeof import("../../store/drop/socket_box.ts") = await import(
      import.meta.resolve("../../store/drop/socket_box.ts")
    );
    tell.detail(`handing in by ${submitSocket}: the queue cannot be written from here`);
    return new SocketBox(submitSocket);
  }
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
