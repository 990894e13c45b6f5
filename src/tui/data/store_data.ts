// The screen's questions answered from the store: windows of a list, counts, details, actions.
// Called in the thread (data_worker.ts), and by tests directly.

// A window is read from the cursor's message on, in both directions and by the order's own columns,
// never by counting rows from the beginning: it costs the same wherever in a long listing it is.

import { MailqError } from "../../queue/errors.ts";
import type { MessageDetail, MessageSummary } from "../../queue/message.ts";
import type { EnvelopeChanges } from "../../queue/ports/operator.ts";
import type { Filter } from "../../queue/filter.ts";
import type { RateUse } from "../../queue/policy/rate.ts";
import type { TakenBack } from "../../queue/ports/undo.ts";
import type { QueueStatus } from "../../queue/status.ts";
import type { EventLog } from "../../queue/ports/events.ts";
import type { Operator } from "../../queue/ports/operator.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import type { Store } from "../../queue/ports/store.ts";
import type { QueueChange } from "./changes.ts";
import type { QueueViewData, QueueViewName } from "./views/view_data.ts";
import type { Clock } from "../../system/time.ts";
import { LastAction } from "./last_action.ts";
import { ProblemMessages } from "./problem_messages.ts";
import { RestingPreviewer } from "./resting_previewer.ts";
import { readAttachment, readContent } from "./content.ts";
import type {
  ActionOutcome,
  ActionStep,
  Change,
  Data,
  MessageWindow,
  Query,
  ScreenFilter,
  ShownContent,
  Verb,
  WindowRequest,
} from "./data.ts";

/** What a row shows is cut here: a subject may be a megabyte long. */
const SHOWN_CHARS = 1_000;
/** What a search waits for the index. */
const INDEX_MS = 300;
/** Messages that an action is done to before anybody can stop it. */
const STEP = 500;

interface StoreDataOptions {
  readonly isReadonly: boolean;
  readonly clock: Pick<Clock, "now">;
}

/** The queue as it is on disk. */
export class StoreData implements Data {
  #indexing: Promise<void> | null = null;
  readonly #stop = new AbortController();
  readonly #previewer = new RestingPreviewer();
  readonly #problems: ProblemMessages;
  readonly #last: LastAction;

  constructor(
    readonly store: Reader & Operator & EventLog & Pick<Store, "close">,
    readonly options: StoreDataOptions,
  ) {
    this.#problems = new ProblemMessages(store);
    this.#last = new LastAction(store);
  }

  async window(asked: WindowRequest): Promise<MessageWindow> {
    const request = { ...asked, filter: await this.#resolve(asked.filter) };
    const { anchor, before, after } = request;
    await this.#prepareSearch(request.filter);
    if (anchor === "top") return await this.#edge(request, "top", after);
    if (anchor === "bottom") return await this.#edge(request, "bottom", before);
    const found = await this.#firstThere(anchor.ids);
    if (found === null) return await this.#edge(request, "top", after);
    const [above, self, below] = [
      await this.#page(request, { isBackwards: true, after: found, limit: before }),
      await Array.fromAsync(
        this.store.list({ and: [request.filter], ids: [found] }, {
          sort: request.sort,
          after: null,
          limit: 1,
        }),
      ),
      await this.#page(request, { isBackwards: false, after: found, limit: after }),
    ];
    const rows = [...above.toReversed(), ...self, ...below].map(cutShort);
    return {
      rows,
      at: Math.min(above.length, rows.length - 1),
      atStart: above.length < before,
      atEnd: below.length < after,
    };
  }

  async #edge(query: Query, edge: "top" | "bottom", count: number): Promise<MessageWindow> {
    const isBottom = edge === "bottom";
    const found = await this.#page(query, { isBackwards: isBottom, after: null, limit: count });
    const rows = found.map(cutShort);
    const isAll = rows.length < count;
    return isBottom
      ? { rows: rows.toReversed(), at: rows.length - 1, atStart: isAll, atEnd: true }
      : { rows, at: rows.length === 0 ? -1 : 0, atStart: true, atEnd: isAll };
  }

  /** The first of these messages that is still there, whether it matches or not: its place in
   *  the order is what counts. */
  async #firstThere(ids: readonly string[]): Promise<string | null> {
    const there = new Set<string>();
    const options = { sort: "newest", after: null, limit: 0 } as const;
    for await (const { id } of this.store.list({ ids }, options)) there.add(id);
    return ids.find((id) => there.has(id)) ?? null;
  }

  async #page(
    { filter, sort, isReversed }: Query,
    { isBackwards, after, limit }: {
      readonly isBackwards: boolean;
      readonly after: string | null;
      readonly limit: number;
    },
  ): Promise<MessageSummary[]> {
    if (limit <= 0) return [];
    return await Array.fromAsync(
      this.store.list(filter, { sort, isReversed: isReversed !== isBackwards, after, limit }),
    );
  }

  /** Gives the search index a little time; what is not in it is found too, only slower, and it is
   *  brought up to date while the operator reads. */
  async #prepareSearch(filter: Filter): Promise<void> {
    if (this.options.isReadonly || !isSearch(filter)) return;
    this.#indexing ??= this.store.bringSearchUpToDate({ signal: this.#stop.signal }).catch(
      (error) => {
        // Where it cannot be written the search goes without.
        if (!(error instanceof MailqError)) throw error;
      },
    ).finally(() => {
      this.#indexing = null;
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, INDEX_MS);
    await Promise.race([this.#indexing, promise]);
    clearTimeout(timer);
  }

  async count(asked: ScreenFilter): Promise<number> {
    const filter = await this.#resolve(asked);
    await this.#prepareSearch(filter);
    return await this.store.count(filter);
  }

  async status(): Promise<QueueStatus> {
    return await this.store.status();
  }

  async rateUses(): Promise<ReadonlyMap<string, RateUse>> {
    return await this.store.rateUses();
  }

  async view<Name extends QueueViewName>(name: Name, query: string): Promise<QueueViewData[Name]> {
    const { readView }: typeof import("./views/view_data.ts") = await import(
      import.meta.resolve("./views/view_data.ts")
    );
    return await readView(name, { store: this.store, query });
  }

  /** A problem is its messages, and so is the last action. */
  async #resolve(
    { problem, isLast, and, not, ...filter }: ScreenFilter,
    how: { readonly isKept: boolean } = { isKept: false },
  ): Promise<Filter> {
    const resolve = async (some: readonly ScreenFilter[]) => {
      const all: Filter[] = [];
      for (const one of some) all.push(await this.#resolve(one, how));
      return all;
    };
    const more = problem === undefined ? [] : [{ ids: await this.#problems.idsOf(problem, how) }];
    const last = isLast === undefined ? [] : [{ ids: await this.#last.ids() }];
    const ands = [...await resolve(and ?? []), ...more, ...last];
    return {
      ...filter,
      ...ands.length === 0 ? {} : { and: ands },
      ...not === undefined ? {} : { not: await resolve(not) },
    };
  }

  async detail(id: string): Promise<MessageDetail | null> {
    const detail = await this.store.show(id);
    return detail === null ? null : { ...detail, ...cutShort(detail) };
  }

  async attachment(id: string, place: number): Promise<Uint8Array> {
    const message = await this.#found(id);
    const content = this.store.content(message.seq);
    return await this.#previewer.use((previewer) => readAttachment(content, place, previewer));
  }

  async content(id: string): Promise<ShownContent> {
    const message = await this.#found(id);
    const content = this.store.content(message.seq);
    return await this.#previewer.use((previewer) =>
      readContent(content, message.sizeBytes, previewer)
    );
  }

  async *raw(id: string): AsyncIterable<Uint8Array> {
    yield* this.store.content((await this.#found(id)).seq);
  }

  async #found(id: string): Promise<MessageSummary> {
    const options = { sort: "newest", after: null, limit: 1 } as const;
    for await (const message of this.store.list({ ids: [id] }, options)) return message;
    throw new MailqError("usage", `Cannot find the message ${id} (any more)`);
  }

  async act(verb: Verb, asked: ScreenFilter, from: string | null): Promise<ActionStep> {
    const filter = await this.#resolve(asked, { isKept: true });
    await this.#prepareSearch(filter);
    const ids = from === null ? [] : [from];
    const options = { sort: "oldest", after: from, limit: STEP + 1 - ids.length } as const;
    for await (const { id } of this.store.list(filter, options)) ids.push(id);
    // One more than is seen to: what it begins with is still there when the others are deleted.
    const next = ids.length > STEP ? ids.pop() ?? null : null;
    // What they are is looked at again when it is done.
    const act = () => this.#act(verb, { and: [filter], ids });
    const outcome = await this.#last.during({
      ids,
      isFirst: from === null,
      isFinal: verb === "delete" || verb === "purge",
    }, act);
    return { outcome, seen: ids.length, next };
  }

  async undo(): Promise<TakenBack | null> {
    return await this.#last.takeBack();
  }

  async #act(verb: Verb, filter: Filter): Promise<ActionOutcome> {
    const { store } = this;
    const nothing = { withoutBody: 0, sendingRecipients: 0 };
    switch (verb) {
      case "retry":
        return { ...nothing, changed: (await store.retry(filter, { dueOnly: false })).requeued };
      case "purge":
      case "delete": {
        const options = { finalBefore: null, includeOpen: verb === "delete" };
        return { ...nothing, changed: await store.purge(filter, options) };
      }
      case "resend":
      case "resend_unsent":
        return await store.resend(filter, { unsentOnly: verb === "resend_unsent" });
      case "hold":
      case "release":
      case "cancel":
        return await store[verb](filter);
    }
  }

  async exportTo(asked: ScreenFilter, path: string): Promise<string> {
    const { exportTo }: typeof import("./export.ts") = await import(
      import.meta.resolve("./export.ts")
    );
    const filter = await this.#resolve(asked, { isKept: true });
    return await exportTo(this.store, { filter, path, signal: this.#stop.signal });
  }

  async resendChanged(id: string, changes: EnvelopeChanges): Promise<string> {
    return (await this.store.resendChanged(id, changes)).id;
  }

  async change(change: QueueChange): Promise<string> {
    const { makeChange }: typeof import("./changes.ts") = await import(
      import.meta.resolve("./changes.ts")
    );
    return await makeChange(this.store, change, this.options.clock);
  }

  async changed(signal: AbortSignal): Promise<Change> {
    await this.store.changed(signal);
    return "changed";
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#previewer[Symbol.dispose]();
    await this.#indexing;
    await this.store.close();
  }
}

function isSearch({ search, and = [], not = [] }: Filter): boolean {
  return search !== undefined || [...and, ...not].some(isSearch);
}

function cutShort<T extends MessageSummary>(message: T): T {
  return {
    ...message,
    subject: cut(message.subject),
    from: cut(message.from),
    to: cut(message.to),
    lastReply: cut(message.lastReply),
  };
}

function cut(text: string | null): string | null {
  return text === null || text.length <= SHOWN_CHARS ? text : text.slice(0, SHOWN_CHARS) + "…";
}
