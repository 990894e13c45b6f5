// Takes the messages of one drop into the queue, trusting nothing the drop says: each is planned
// anew. Called by take_in.ts, which finds drops, opens them and removes them. How a drop is laid
// out is src/store/drop's.

import type { Settings } from "../../config/settings.ts";
import { isAddress } from "../../intake/address/address_syntax.ts";
import type { IntakeOptions } from "../../intake/options.ts";
import { checkSize, type Planner, prepareMessage } from "../../intake/prepare.ts";
import { prepareStream } from "../../intake/prepare_large.ts";
import { planResubmitted } from "../../intake/resubmit.ts";
import { MailqError } from "../../queue/errors.ts";
import type { Intake } from "../../queue/ports/intake.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import { broken, MAX_DROP_BYTES, MAX_FIELDS_BYTES } from "../../store/drop/format.ts";
import type { OpenDrop } from "../../store/drop/folder.ts";
import {
  type DropBytes,
  type DroppedMessage,
  readDrop,
  WHOLE_BYTES,
} from "../../store/drop/read.ts";
import { Turns } from "../../system/time.ts";
import type { App } from "../app.ts";
import { Batch } from "../enqueue/enqueue.ts";

/** A drop as far as its messages are wanted. */
type TakenDrop = DropBytes & Pick<OpenDrop, "bornAt">;

/** Takes drops into the queue, trusting nothing they say. */
export class DropIntake {
  readonly #options: IntakeOptions;

  constructor(
    app: Pick<App, "clock" | "random">,
    settings: Settings,
    readonly store: Intake & Reader,
    /** Whose keys are kept as they are: his who takes in what he has spooled himself. Null = nobody's. */
    readonly ownKeysOf: string | null = null,
  ) {
    const complete = (name: string, address: string | null) =>
      address === null ? null : completed(name, address, settings.hostname);
    this.#options = {
      settings: {
        from: null,
        // Whoever dropped it may have passed these over.
        forceFrom: complete("force_from", settings.forceFrom),
        redirectTo: complete("redirect_to", settings.redirectTo),
        hostname: settings.hostname,
        user: "nobody",
        adminAddress: null,
        // Names have found their addresses, and bytes their form, where it was dropped.
        local: null,
        headerFrom: "keep",
        longLines: "keep",
        maxSizeBytes: settings.maxSizeBytes,
      },
      now: app.clock.now(),
      random: app.random,
    };
  }

  /** The largest drop that can be one. */
  get maxBytes(): number {
    return Math.max(MAX_DROP_BYTES, this.#options.settings.maxSizeBytes) + 2 * MAX_FIELDS_BYTES;
  }

  /** Queues the messages of a drop, all or none, and returns their ids; null if it had been
   *  queued before. A `submitter` that is not known (null) can give no key. Throws `bad_message`
   *  and `bad_address`. */
  async take(drop: TakenDrop, submitter: string | null): Promise<string[] | null> {
    const batch = new Batch(this.store);
    try {
      const ids = await this.#fill(batch, drop, submitter);
      if (ids === null) await batch.abort();
      else await batch.commit();
      return ids;
    } catch (error) {
      await batch.abort();
      throw error;
    }
  }

  async #fill(
    batch: Batch,
    drop: TakenDrop,
    submitter: string | null,
  ): Promise<string[] | null> {
    const ids = new Set<string>();
    const turns = new Turns();
    for (const dropped of readDrop(drop)) {
      await turns.give();
      const { id } = dropped.fields;
      if (ids.has(id)) throw broken(`two messages of it have the id ${id}`);
      ids.add(id);
      // A batch is in the queue as a whole or not at all.
      if ((await this.store.idsWithPrefix(id, 1)).length > 0) return null;
      await this.#add(batch, dropped, submitter, drop.bornAt);
    }
    return [...ids];
  }

  async #add(
    batch: Batch,
    dropped: DroppedMessage,
    submitter: string | null,
    bornAt: number | null,
  ): Promise<void> {
    const options = this.#options;
    const { fields, sizeBytes, head, rest } = dropped;
    checkSize(sizeBytes, options, false);
    const message = {
      // The id too: its submitter was told it, and after a crash it tells that the drop was queued.
      ...fields,
      // Mail from long ago would go before all other, and look like a queue that stands still.
      createdAt: Math.min(Math.max(fields.createdAt, bornAt ?? 0), options.now),
      key: submitter !== null && submitter === this.ownKeysOf
        ? fields.key
        : keyOf(fields.key, submitter),
      ...(submitter === null ? {} : { submitter }),
    };
    const plan: Planner = (bytes, header) => planResubmitted(message, bytes, header, options);
    if (sizeBytes <= WHOLE_BYTES) {
      await batch.add((await prepareMessage(head, options, plan)).message);
    } else {
      await batch.addLarge(await prepareStream(head, rest, options, plan));
    }
  }
}

/** By himself nobody can take the key that another's mail will come with. */
function keyOf(key: string | null, submitter: string | null): string | null {
  if (key === null) return null;
  if (submitter !== null) return `${submitter}:${key}`;
  throw broken("it has a key, and nobody knows whose");
}

/** A setting's address with its host. Throws `config_invalid`, for what is no drop's fault. */
function completed(name: string, address: string, hostname: string): string {
  const whole = address.includes("@") ? address : `${address}@${hostname}`;
  if (isAddress(whole)) return whole;
  throw new MailqError(
    "config_invalid",
    `Cannot use ${name} = ${
      JSON.stringify(address)
    }: expected an address, such as name@example.org`,
  );
}
