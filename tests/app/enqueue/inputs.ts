import type { Input } from "../../../src/intake/sources/files.ts";
import { WHOLE_BYTES } from "../../../src/intake/sources/files.ts";
import { mail } from "../../support/mailq.ts";

/** An input that holds this text. */
export function input(text: string, parts: Partial<Input> = {}): Input {
  const bytes = new TextEncoder().encode(text);
  return { name: "mail.eml", read: () => ({ kind: "whole", bytes }), ...parts };
}

/** An input with a small mail of this subject. */
export function mailInput(subject: string, parts: Partial<Input> = {}): Input {
  return input(mail({ subject }), parts);
}

/** An input that comes in pieces. */
export function largeInput(subject: string, sizeBytes = WHOLE_BYTES + 1): Input {
  const bytes = new TextEncoder().encode(mail({ subject, body: "x\r\n".repeat(sizeBytes / 3) }));
  const [head, rest] = [bytes.slice(0, 1_000), bytes.slice(1_000)];
  return {
    name: "large.eml",
    read: () => ({
      kind: "large",
      head,
      rest: (async function* () {
        yield await Promise.resolve(rest);
      })(),
      close() {},
    }),
  };
}

/** An input that is no message. */
export const BAD = input("From: a@b.test\r\nTo: not an address\r\n\r\n", { name: "bad.eml" });
