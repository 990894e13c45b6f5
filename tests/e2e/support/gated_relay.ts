import { converse, type Replies, scriptedServer } from "../../support/smtp_script.ts";

/** An SMTP server that answers the content of a message only when it is told to. */
export interface GatedRelay extends AsyncDisposable {
  readonly url: string;
  /** The subjects of what has come so far, in order. */
  readonly subjects: readonly string[];
  /** Resolves once `count` messages in all have come. */
  arrived(count: number): Promise<void>;
  /** Answers everything from now on, what waits included. */
  open(): void;
}

export async function gatedRelay(replies: Replies = {}): Promise<GatedRelay> {
  const gate = Promise.withResolvers<void>();
  const subjects: string[] = [];
  let waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const server = await scriptedServer((peer) =>
    converse(peer, {
      ...replies,
      async dot() {
        const all = [...peer.receivedText.matchAll(/^Subject: (.*)\r$/gm)];
        subjects.push(all.at(-1)?.[1] ?? "");
        for (const { count, resolve } of waiting) if (subjects.length >= count) resolve();
        waiting = waiting.filter(({ count }) => subjects.length < count);
        await gate.promise;
        peer.send("250 2.0.0 queued as 1\r\n");
      },
    })
  );
  return {
    url: `smtp://127.0.0.1:${server.port}`,
    subjects,
    arrived(count) {
      if (subjects.length >= count) return Promise.resolve();
      return new Promise((resolve) => waiting.push({ count, resolve }));
    },
    open: () => gate.resolve(),
    async [Symbol.asyncDispose]() {
      gate.resolve();
      await server[Symbol.asyncDispose]();
    },
  };
}
