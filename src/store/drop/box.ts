// Where mail goes that may not be put into the queue itself: each call is one file in the drop
// folder. The enqueue path uses it in place of the queue; src/app/drops takes the files in.

import { MailqError } from "../../queue/errors.ts";
import type { ContentFacts, NewMessage, WholeMessage } from "../../queue/message.ts";
import type { Enqueued, Enqueuer, Stage } from "../../queue/ports/intake.ts";
import { DropFile } from "./file.ts";
import { dropName, NAME_RANDOM_BYTES } from "./names.ts";
import type { Clock, Random } from "../../system/time.ts";

/** The way into a queue that one may not open: each batch is a file in its drop folder, which `send`
 *  or `run` takes into the queue. What only the queue can tell (whether a key is known, who is
 *  on the do-not-send list) is found out there. Errors: `disk_full`, `permission`, `io_error`,
 *  `busy`. */
export class DropBox implements Enqueuer {
  constructor(
    readonly folder: string,
    readonly clock: Clock,
    readonly random: Random,
    /** Told once mail of priority `now` was handed in: it will not go at once. */
    readonly onUrgent: () => void,
  ) {}

  async enqueue(messages: readonly WholeMessage[]): Promise<Enqueued[]> {
    const stage = new DropStage(this);
    try {
      const enqueued = await stage.add(messages);
      await stage.commit();
      return enqueued;
    } catch (error) {
      await stage.abort();
      throw error;
    }
  }

  stage(): Promise<Stage> {
    return Promise.resolve(new DropStage(this));
  }
}

/** Whether a file can be left in a drop folder: it may be read-only from where we are, whatever its mode
 *  says. */
export function canDrop(folder: string, clock: Clock, random: Random): boolean {
  try {
    DropFile.begin(folder, dropName(clock.now(), random.bytes(NAME_RANDOM_BYTES))).discard();
    return true;
  } catch (error) {
    if (error instanceof MailqError && error.code === "permission") return false;
    throw error;
  }
}

/** A batch on its way into one file. */
class DropStage implements Stage {
  #file: DropFile | null = null;
  #isUrgent = false;

  constructor(readonly box: DropBox) {}

  add(messages: readonly WholeMessage[]): Promise<Enqueued[]> {
    return Promise.resolve(messages.map((message) => {
      this.#begin(message).add(message, message.content);
      return told(message);
    }));
  }

  async addLarge(
    message: NewMessage,
    pieces: AsyncIterable<Uint8Array>,
    _facts: () => ContentFacts,
  ): Promise<Enqueued> {
    await this.#begin(message).addLarge(message, pieces);
    return told(message);
  }

  async commit(): Promise<ReadonlyMap<string, Enqueued>> {
    await this.#file?.publish();
    if (this.#isUrgent) this.box.onUrgent();
    return new Map();
  }

  abort(): Promise<void> {
    this.#file?.discard();
    return Promise.resolve();
  }

  #begin({ priority }: NewMessage): DropFile {
    this.#isUrgent ||= priority === "now";
    const { folder, clock, random } = this.box;
    return this.#file ??= DropFile.begin(
      folder,
      dropName(clock.now(), random.bytes(NAME_RANDOM_BYTES)),
    );
  }
}

function told({ id }: NewMessage): Enqueued {
  return { id, isKnownKey: false, suppressed: [] };
}
