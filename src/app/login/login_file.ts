// Where a relay's login is kept: beside the queue, whose owner sends. Called by whoever logs in, renews or
// looks at logins.

import type { Settings } from "../../config/settings.ts";
import type { OAuthSettings } from "../../queue/relay_target.ts";
import { queuePath } from "../../store/open.ts";
import { folderOf, isThere } from "../../system/files.ts";

/** The file of a relay's tokens. Throws `config_invalid` where the queue is no file, and none is set. */
export function loginFile(
  settings: Pick<Settings, "queue">,
  relay: string,
  { tokenFile }: Pick<OAuthSettings, "tokenFile">,
): string {
  return tokenFile ?? `${queuePath(settings.queue)}-login-${encodeURIComponent(relay)}`;
}

/** A file or folder whose owner is to have the tokens: the queue, else the folder they are in. */
export function ownerOfLogin(settings: Pick<Settings, "queue">, file: string): string {
  try {
    const queue = queuePath(settings.queue);
    if (isThere(queue)) return queue;
  } catch {
    // A queue on a server: its user sends.
  }
  let folder = folderOf(file);
  while (!isThere(folder)) folder = folderOf(folder);
  return folder;
}
