// An operator's own keys: reads the setting `tui.keys`. Called by session.tsx. Which commands there are, and
// what their keys are otherwise, stands in src/tui/keys.

import { type CommandId, Keys } from "../keys/keys.ts";
import { isKeyName } from "../terminal/key_decoder.ts";
import { readPairs, wrong } from "./pairs.ts";

const SETTING = "tui.keys";

/** Reads `retry=t half_down=Ctrl-n`; a command may stand several times, for several keys. Throws
 *  `config_invalid` for what is no command or key, and for a key that would mean two things. */
export function readOwnKeys(text: string | null): Keys {
  const { bindings } = new Keys();
  const own = new Map<CommandId, string[]>();
  const taken = new Map<string, CommandId>();
  for (const [name, key] of readPairs(SETTING, text)) {
    const word = `${name}=${key}`;
    const binding = bindings.find(({ id }) => id === name);
    if (binding === undefined) {
      throw wrong(SETTING, word, `one of ${bindings.map(({ id }) => id).sort().join(", ")}`);
    }
    if (!isKeyName(key)) {
      throw wrong(SETTING, word, "a character or a key such as Ctrl-n, F2, PgDn, Space, Shift-Tab");
    }
    for (const place of binding.contexts) {
      const other = taken.get(`${place} ${key}`);
      if (other !== undefined && other !== binding.id) {
        throw wrong(SETTING, word, `another key: ${other} has it`);
      }
      taken.set(`${place} ${key}`, binding.id);
    }
    own.set(binding.id, [...own.get(binding.id) ?? [], key]);
  }
  const keys = new Keys(own);
  // Nobody shuts himself in.
  for (const id of ["quit", "quit_now"] as const) {
    const binding = keys.bindings.find((one) => one.id === id);
    if (binding !== undefined && binding.keys.length > 0) continue;
    throw wrong(SETTING, id, `a key for ${id}: another command has taken its own`);
  }
  return keys;
}
