import type { Store } from "../../src/queue/ports/store.ts";

/** A store with some of its methods replaced. */
export function alteredStore(store: Store, methods: Partial<Store>): Store {
  return new Proxy(store, {
    get(_, name) {
      const replaced: unknown = Reflect.get(methods, name);
      if (replaced !== undefined) return replaced;
      const own: unknown = Reflect.get(store, name);
      return typeof own === "function" ? own.bind(store) : own;
    },
  });
}
