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
const TABLE_ROWS: readonly KeyBinding[] = Object.entries(TABLE).map(([id, row]) => ({
  ...row,
  keys: row.keys.split(" ").filter((key) => key !== ""),
  // The keys of an object literal are those of its type.
  id: id as CommandId,
}));

/** The commands with their keys: those of the table, or an operator's own. */
export class Keys {
  readonly bindings: readonly KeyBinding[];
  readonly #byKey = new Map<string, KeyBinding>();

  /** `own`: keys in the place of a command's. Another command that had one of them loses it. */
  constructor(own: ReadonlyMap<CommandId, readonly string[]> = new Map()) {
    const taken = new Set(
      TABLE_ROWS.flatMap(({ id, contexts }) =>
        (own.get(id) ?? []).flatMap((key) => contexts.map((place) => `${place} ${key}`))
      ),
    );
    this.bindings = TABLE_ROWS.map((row) => ({
      ...row,
      keys: own.get(row.id) ??
        row.keys.filter((key) => !row.contexts.some((place) => taken.has(`${place} ${key}`))),
    }));
    for (const binding of this.bindings) {
      for (const place of binding.contexts) {
        for (const key of binding.keys) this.#byKey.set(`${place} ${key}`, binding);
      }
    }
  }

  /** What a key does in a place; null where it does nothing. */
  at(key: string, place: Place): KeyBinding | null {
    return this.#byKey.get(`${place} ${key}`) ?? null;
  }

  /** What can be done in a place. */
  in(place: Place, { isReadonly }: { readonly isReadonly: boolean }): readonly KeyBinding[] {
    return this.bindings.filter((binding) =>
      binding.contexts.includes(place) && !(isReadonly && binding.isAction === true)
    );
  }
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
