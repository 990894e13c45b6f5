import { makeId } from "../../src/queue/ids.ts";
import type { Claim } from "../../src/queue/claim.ts";
import type { MessageDetail, WholeMessage } from "../../src/queue/message.ts";
import type { Store } from "../../src/queue/ports/store.ts";
import type { WorkerHandle } from "../../src/queue/ports/claims.ts";
import type { OpenOptions } from "../../src/store/options.ts";
import { openStore } from "../../src/store/open.ts";
import { type Random, systemRandom } from "../../src/system/time.ts";
import { putEmptyQueue } from "../support/empty_queue.ts";

const START = Date.UTC(2026, 10, 22);

/** A real queue in a folder of its own, whose time moves only when told. */
export class QueueFile implements AsyncDisposable {
  readonly clock = { time: START, now: () => this.clock.time };
  readonly random: Random = { ...systemRandom, unit: () => 0.5 };
  readonly #stores: Store[] = [];

  private constructor(readonly folder: string) {}

  static async make(): Promise<QueueFile> {
    const queue = new QueueFile(await Deno.makeTempDir({ prefix: "mailq-delivery-" }));
    await putEmptyQueue(queue.path);
    await queue.open();
    return queue;
  }

  get path(): string {
    return `${this.folder}/queue.db`;
  }

  get store(): Store {
    const [store] = this.#stores;
    if (store === undefined) throw new Error("the queue is closed");
    return store;
  }

  /** One more connection to the same file. */
  async open(options: Pick<OpenOptions, "keepsBodies"> = {}): Promise<Store> {
    const { clock, random } = this;
    const store = await openStore(this.path, {
      create: true,
      isWorker: true,
      clock,
      random,
      ...options,
    });
    this.#stores.push(store);
    return store;
  }

  /** Queues messages, each a millisecond after the one before, and returns their ids. */
  async add(...messages: Partial<WholeMessage>[]): Promise<string[]> {
    const made = messages.map((message) => {
      this.clock.time++;
      return this.message(message);
    });
    await this.store.enqueue(made);
    return made.map((message) => message.id);
  }

  /** Queues `count` messages in one commit. */
  async addMany(count: number): Promise<string[]> {
    return await this.add(...Array.from({ length: count }, () => ({})));
  }

  message(message: Partial<WholeMessage> = {}): WholeMessage {
    const content = message.content ?? new TextEncoder().encode("Subject: Hello\r\n\r\nText\r\n");
    return {
      id: makeId(this.random.bytes(12)),
      sender: "ann@sender.test",
      recipients: ["bob@receiver.test"],
      priority: "normal",
      createdAt: this.clock.time,
      sendAt: null,
      expiresAt: null,
      isHeld: false,
      tags: [],
      key: null,
      display: { subject: "Hello", from: null, to: null, messageId: null },
      sizeBytes: content.length,
      dotLines: 0,
      isEightBit: false,
      ...message,
      content,
    };
  }

  async show(id: string | undefined): Promise<MessageDetail> {
    const message = await this.store.show(id ?? "");
    if (message === null) throw new Error(`there is no message ${id}`);
    return message;
  }

  /** How many messages are in each status, as their rows say. */
  async statuses(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    const options = { sort: "oldest", after: null, limit: 0 } as const;
    for await (const { status } of this.store.list({}, options)) {
      counts[status] = (counts[status] ?? 0) + 1;
    }
    return counts;
  }

  /** Claims the next message as a worker of its own. */
  async claimOne(): Promise<{ readonly worker: WorkerHandle; readonly claim: Claim }> {
    const worker = await this.store.registerWorker("send");
    const { claims } = await this.store.claimDue({ worker, limit: 1, onlyUntried: true });
    const [claim] = claims;
    if (claim === undefined) throw new Error("nothing was due");
    return { worker, claim };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.#stores) await store.close();
    await Deno.remove(this.folder, { recursive: true });
  }
}
