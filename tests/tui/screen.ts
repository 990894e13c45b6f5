import assert from "node:assert/strict";
import type { Store } from "../../src/queue/ports/store.ts";
import type { WholeMessage } from "../../src/queue/message.ts";
import type { Data } from "../../src/tui/data/data.ts";
import { readyMeasure } from "../../src/tui/measure.ts";
import { Session, type SessionOptions } from "../../src/tui/session.tsx";
import { readGivenEnvelope } from "../../src/intake/address/envelope.ts";
import type { MailSettings } from "../../src/tui/model/state.ts";
import { StoreData } from "../../src/tui/data/store_data.ts";
import { worked } from "../contract/store/claims.ts";
import { attemptOf, type Ending, newMessage, START } from "../support/queue_messages.ts";
import { SqliteFixture } from "../support/queue_sqlite.ts";
import { FakeTerminal } from "./fake_terminal.ts";

/** Counts the questions under way, so that a test can wait for the answers. */
class CountedData {
  pending = 0;
  /** Parts of an action that are done before one waits for `letActionsGo`. */
  freeParts = Infinity;
  readonly #gate = Promise.withResolvers<void>();
  readonly data: Data;

  constructor(data: Data) {
    this.data = new Proxy(data, {
      get: (_, name) => {
        const method: unknown = Reflect.get(data, name);
        if (typeof method !== "function") return method;
        if (name === "changed" || name === "raw" || name === "close") return method.bind(data);
        return async (...args: unknown[]) => {
          if (name === "act" && this.freeParts-- <= 0) await this.#gate.promise;
          this.pending++;
          try {
            return await method.apply(data, args);
          } finally {
            this.pending--;
          }
        };
      },
    });
  }

  letActionsGo(): void {
    this.#gate.resolve();
  }
}

/** One relay, no routes and no rates. */
export const NO_SETTINGS: MailSettings = { relays: [], routes: [], ratePerDomain: null };

/** The screen as it is by default. */
export const NO_TUI = { keys: null, colours: null, hasMouse: true };

export interface ScreenOptions extends Partial<SessionOptions> {
  readonly columns?: number;
  readonly rows?: number;
  /** The screen is left as it begins; else it shows the list. */
  readonly startsAsItIs?: boolean;
  /** Fills the queue before the screen is opened. */
  readonly fill?: (fixture: SqliteFixture) => Promise<void>;
}

/** The screen on a real queue and a terminal that nobody sees. */
export class TestScreen implements AsyncDisposable {
  readonly ended: Promise<void>;
  #failure: { readonly error: unknown } | null = null;
  #said: string | null = null;

  private constructor(
    readonly fixture: SqliteFixture,
    readonly terminal: FakeTerminal,
    readonly counted: CountedData,
    run: Promise<string | null>,
  ) {
    this.ended = run.then((said) => {
      this.#said = said;
    }, (error: unknown) => {
      this.#failure = { error };
    });
  }

  static async open(options: ScreenOptions = {}): Promise<TestScreen> {
    const { columns = 80, rows = 24, fill, startsAsItIs = false, ...others } = options;
    await readyMeasure();
    const fixture = await SqliteFixture.open();
    await fill?.(fixture);
    const terminal = new FakeTerminal(columns, rows);
    const counted = new CountedData(
      new StoreData(await fixture.another(), { isReadonly: false, clock: fixture.clock }),
    );
    const session = new Session({
      data: counted.data,
      terminal,
      queue: "/var/lib/mailq/prod.db",
      isReadonly: false,
      isColoured: true,
      maxTries: 5,
      settings: NO_SETTINGS,
      entries: [],
      tui: NO_TUI,
      program: { words: ["/bin/sh", "-c", 'echo "$@"', "mailq"], env: {} },
      pager: "cat > /dev/null",
      now: () => fixture.clock.now(),
      readEnvelope: (from, to) =>
        readGivenEnvelope({
          from,
          to,
          settings: {
            adminAddress: null,
            local: null,
            forceFrom: null,
            hostname: "host.test",
            redirectTo: null,
          },
        }),
      ...others,
    });
    const screen = new TestScreen(fixture, terminal, counted, session.run());
    await screen.settled();
    // What is wrong stands first; most tests are about the list.
    if (!startsAsItIs && screen.text.includes("[0]Problems")) await screen.press("1");
    return screen;
  }

  get store(): Store {
    return this.fixture.store;
  }

  /** What the screen ended with. */
  get failure(): unknown {
    return this.#failure?.error ?? null;
  }

  /** What is still to be told after the end. */
  get said(): string | null {
    return this.#said;
  }

  /** Resolves once every question is answered and shown. */
  async settled(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (this.counted.pending > 0) quiet = -1;
    }
    await this.terminal.shown();
  }

  /** Types text, or a key's bytes, all in one go, and waits for what comes of it. */
  async press(...keys: string[]): Promise<void> {
    for (const key of keys) {
      this.terminal.type(key);
      await this.settled();
    }
  }

  get text(): string {
    return this.terminal.rows().join("\n");
  }

  /** The screen once it has a match: what others do to the queue takes a while to be seen. */
  async shows(pattern: RegExp): Promise<string> {
    const giveUpAt = performance.now() + 10_000;
    while (!pattern.test(this.text)) {
      assert.ok(performance.now() < giveUpAt, `the screen never showed ${pattern}:\n${this.text}`);
      await new Promise((resolve) => setTimeout(resolve, 0));
      await this.terminal.shown();
    }
    return this.text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.terminal.type("\x03");
    await this.ended;
    await this.fixture[Symbol.asyncDispose]();
  }
}

export const KEYS = {
  enter: "\r",
  down: "\x1b[B",
  pageDown: "\x1b[6~",
  backspace: "\x7f",
} as const;

/** A message that has been tried, and how that ended. */
export async function tried(
  { store }: { readonly store: Store },
  ending: Ending,
  parts: Partial<WholeMessage> = {},
  attempt: Parameters<typeof attemptOf>[2] = {},
  /** What the relay says of each recipient. */
  reply?: string,
): Promise<string> {
  const message = newMessage(parts);
  await store.enqueue([message]);
  await using worker = await worked(store);
  const request = { worker: worker.handle, limit: 1, ids: [message.id], onlyUntried: true };
  const { claims: [claim] } = await store.claimDue(request);
  assert(claim !== undefined);
  const record = attemptOf(claim, ending, attempt);
  const changes = record.changes.map((change) =>
    reply === undefined ? change : { ...change, reply }
  );
  await store.record([{ ...record, changes }]);
  return message.id;
}

/** The message `part` to fifty, of whom 44 have it and 6 were refused. */
export async function partlySent({ store }: { readonly store: Store }): Promise<void> {
  const recipients = Array.from({ length: 50 }, (_, i) => `user${i}@acme.test`);
  await store.enqueue([newMessage({ id: idOf("part"), recipients, ...subject("Circular") })]);
  await using worker = await worked(store);
  const request = { worker: worker.handle, limit: 1, ids: [idOf("part")], onlyUntried: true };
  const { claims: [claim] } = await store.claimDue(request);
  assert(claim !== undefined);
  const endings = claim.recipients.map(({ n }, i) => [n, i < 44 ? "sent" : "failed"] as const);
  await store.record([attemptOf(claim, Object.fromEntries(endings))]);
}

/** An id of twelve characters that begins as given. */
export function idOf(beginning: string): string {
  return beginning.padEnd(12, "0");
}

export function subject(text: string): Partial<WholeMessage> {
  return {
    display: {
      subject: text,
      from: "App <app@sender.example>",
      to: "ann@example.com",
      messageId: "<1@sender.example>",
    },
  };
}

/** A queue as an operator meets it. */
export async function fillQueue(fixture: SqliteFixture): Promise<void> {
  const { store } = fixture;
  const at = (minutes: number) => ({ createdAt: START - minutes * 60_000 });
  await tried(fixture, "sent", {
    id: idOf("5ent"),
    recipients: ["gina@acme.test"],
    ...subject("Receipt"),
    ...at(90),
  });
  await tried(fixture, { retryAt: START + 300_000 }, {
    id: idOf("defer"),
    recipients: ["kim@slow.test", "lea@slow.test"],
    ...subject("Newsletter 47"),
    ...at(31),
  });
  await tried(fixture, "failed", {
    id: idOf("7kq3vd"),
    recipients: ["bob@acme.test"],
    ...subject("Invoice 2026-11"),
    ...at(12),
  }, {
    host: "mx1.acme.test:25",
    tls: "TLSv1.3",
    durationMs: 800,
    error: "RCPT TO was refused",
    traceback: "SmtpError: permanent\n  at session.ts:88\n  at transaction.ts:12",
    transcript: "S: 220 mx1.acme.test\nC: EHLO host.test\nS: 550 5.1.1 User unknown",
  });
  await tried(fixture, "failed", {
    id: idOf("m20xte"),
    recipients: ["yuki@acme.test"],
    ...subject("ご注文の確認 № 42"),
    ...at(9),
  });
  await store.enqueue([
    newMessage({
      id: idOf("c9f4wb"),
      recipients: ["eve@evil.test"],
      ...subject("\x1b[31mred\x1b[2J hostile"),
      ...at(5),
    }),
    newMessage({ id: idOf("he1d"), isHeld: true, ...subject("Held back"), ...at(2) }),
    newMessage({ id: idOf("f1rst"), ...subject("Waiting"), ...at(1) }),
  ]);
}
