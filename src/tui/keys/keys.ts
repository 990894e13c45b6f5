// Finds the command of a key, and the commands there are in a place. Called by the model for
// dispatch and palette, and by the screens for footer and help. The keys are in key_table.ts.

import { TABLE } from "./key_table.ts";
import type { Place, Row } from "./places.ts";
import { VIEW_TABLE } from "./view_keys.ts";

export type CommandId = keyof typeof TABLE;
/** A command that only some views have. */
export type ViewCommandId = keyof typeof VIEW_TABLE;

export interface KeyBinding extends Omit<Row, "keys"> {
  readonly id: CommandId;
  readonly keys: readonly string[];
}

export function isViewCommand(id: CommandId): id is ViewCommandId {
  return Object.hasOwn(VIEW_TABLE, id);
}

/** The table's rows, in order. */
export const BINDINGS: readonly KeyBinding[] = Object.entries(TABLE).map(([id, row]) => ({
  ...row,
  keys: row.keys.split(" ").filter((key) => key !== ""),
  // The keys of an object literal are those of its type.
  id: id as CommandId,
}));

const byKey = new Map<string, KeyBinding>();
for (const binding of BINDINGS) {
  for (const context of binding.contexts) {
    for (const key of binding.keys) byKey.set(`${context} ${key}`, binding);
  }
}

/** What a key does in a place; null where it does nothing. */
export function bindingFor(key: string, place: Place): KeyBinding | null {
  return byKey.get(`${place} ${key}`) ?? null;
}

/** What can be done in a place. */
export function bindingsIn(
  place: Place,
  { isReadonly }: { readonly isReadonly: boolean },
): readonly KeyBinding[] {
  return BINDINGS.filter((binding) =>
    binding.contexts.includes(place) && !(isReadonly && binding.isAction === true)
  );
}

const SHOWN: Readonly<Record<string, string>> = {
  Enter: "⏎",
  Space: "spc",
  Up: "↑",
  Down: "↓",
  Left: "←",
  Right: "→",
};

/** A key as help and footer write it. */
export function keyText(key: string): string {
  return SHOWN[key] ?? key;
}
