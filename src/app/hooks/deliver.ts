// Hands a batch of events to a hook, by its command or its URL. Called by tell.ts, which decides which
// events, and when again; `hooks test` calls it as well.

import type { HookSettings } from "../../config/tables/hooks.ts";
import type { Batch, DeliveryTools, Refused } from "./batch.ts";

/** Hands over a batch, within the hook's time or until `signal`. Never rejects. */
export async function deliver(
  hook: HookSettings,
  batch: Batch,
  tools: DeliveryTools,
  signal: AbortSignal,
): Promise<Refused> {
  const { way } = hook;
  try {
    if (way.kind === "command") {
      const { deliverToCommand }: typeof import("./command.ts") = await import(
        import.meta.resolve("./command.ts")
      );
      return await deliverToCommand({ ...hook, command: way.command }, batch, tools, signal);
    }
    const { deliverToUrl }: typeof import("./url.ts") = await import(
      import.meta.resolve("./url.ts")
    );
    return await deliverToUrl({ ...hook, ...way }, batch, tools, signal);
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error), retryAfterMs: null };
  }
}
