import { exists } from "../store/open.ts";

/** The file of a queue that is named by a path or by a `sqlite:` or `file:` URL. */
export function queuePath(queue: string): string {
  return queue.replace(/^(sqlite|file):(\/\/(?=\/))?/i, "");
}

/** Whether there is a queue by that name. */
export function queueExists(queue: string): boolean {
  return exists(queuePath(queue));
}
