// Finds the command of a key, and the commands there are in a place. Called by the model for
// dispatch and palette, and by the screens for footer and help. The keys are in key_table.ts.

import { type KeyContext, type Row, TABLE } from "./key_table.ts";

export type CommandId = keyof typeof TABLE;

export interface KeyBinding extends Omit<Row, "keys"> {
  readonly id: CommandId;
  readonly keys: readonly string[];
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
export function bindingFor(key: string, context: KeyContext): KeyBinding | null {
  return byKey.get(`${context} ${key}`) ?? null;
}

/** What can be done on a screen. */
export function bindingsIn(
  { screen, isReadonly }: { readonly screen: KeyContext; readonly isReadonly: boolean },
): readonly KeyBinding[] {
  return BINDINGS.filter((binding) =>
    binding.contexts.includes(screen) && !(isReadonly && binding.isAction === true)
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
