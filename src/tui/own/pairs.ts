// Reads the words of a setting of [tui]: `name=value`, with blanks between them. Called by keys.ts and
// colours.ts, which know what names and values there are.

import { MailqError } from "../../queue/errors.ts";

/** The pairs in their order. Throws `config_invalid` for a word that is none. */
export function readPairs(setting: string, text: string | null): [name: string, value: string][] {
  const words = (text ?? "").split(/\s+/).filter((word) => word !== "");
  return words.map((word) => {
    const [, name, value] = /^([^=]+)=(.+)$/.exec(word) ?? [];
    if (name !== undefined && value !== undefined) return [name, value];
    throw wrong(setting, word, "NAME=VALUE");
  });
}

export function wrong(setting: string, word: string, expected: string): MailqError {
  return new MailqError(
    "config_invalid",
    `Cannot use "${word}" in ${setting}: expected ${expected}`,
  );
}
