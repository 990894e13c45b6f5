// Tells the hooks of the settings at the end of a pass, for a limited time: what is left is told by the
// next one. Called by `send` and `run --once`; one hook is told by tell.ts.

import type { HookSettings } from "../../config/tables/hooks.ts";
import { errorText } from "../../queue/errors.ts";
import { tellHook, type TellTools } from "./tell.ts";

/** Cron's next pass is to find this one ended. */
const LIMIT_MS = 30_000;

/** Tells all hooks beside each other, each until it is told of everything or fails, for 30 seconds at
 *  most or until `signal`. Never rejects: the mail is done. */
export async function tellAtEnd(
  hooks: readonly HookSettings[],
  tools: TellTools,
  signal: AbortSignal,
): Promise<void> {
  if (hooks.length === 0) return;
  const done = new AbortController();
  const over = new AbortController();
  const limit = tools.wait(LIMIT_MS, done.signal).then(() => over.abort());
  const until = AbortSignal.any([signal, over.signal]);
  await Promise.all(hooks.map(async (hook) => {
    try {
      await tellHook(hook, tools, until);
    } catch (error) {
      tools.onTurn?.(`the hook ${hook.name} is not told now: ${errorText(error)}`);
    }
  }));
  done.abort();
  await limit;
}
