// `mailq hooks`: how far each hook is and how it fares; `hooks test` tells one something made up, `hooks
// skip` leaves out what it was not told of. The telling is src/app/hooks'.

import { buildCommand, buildRouteMap } from "@stricli/core";
import { deliver } from "../../app/hooks/deliver.ts";
import { hookLags, tellTools } from "../../app/hooks/state.ts";
import type { HookSettings } from "../../config/tables/hooks.ts";
import type { Settings } from "../../config/settings.ts";
import { plural } from "../../display/plural.ts";
import { sanitise } from "../../display/sanitise.ts";
import { MailqError } from "../../queue/errors.ts";
import { type NoFlags, oneArgument } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";
import { describeHook, hookShape } from "../print/hooks.ts";

const NAME = oneArgument({ brief: "The hook's name in the settings", placeholder: "NAME" });

const list = buildCommand<NoFlags, [], Context>({
  async func() {
    const { output } = this;
    const settings = await this.settings("all");
    const store = await this.openQueue(settings, { create: false });
    const lags = await hookLags(store, settings.hooks);
    for (const lag of lags) {
      const { hook: { name, shown } } = lag;
      if (output.isJson) output.json(hookShape(lag));
      else output.line(`${name}  ${describeHook(lag, this.now())}\n  ${sanitise(shown)}`);
    }
    if (lags.length === 0 && !output.isJson) output.note("no [[hook]] in the settings");
  },
  parameters: {},
  docs: { brief: "How far each hook is, and how it fares" },
});

const test = buildCommand<NoFlags, [string], Context>({
  async func(_flags, name) {
    const settings = await this.settings("all");
    const hook = hookOf(settings, name);
    const store = await this.openQueue(settings, { create: true });
    const { clock } = this.machine;
    const event = { number: 0, at: new Date(clock.now()).toISOString(), type: "hook.test" };
    const batch = { id: `msg_${await store.queueId()}_test_${clock.now()}`, events: [event] };
    const tools = tellTools(this.app, settings, store, undefined);
    const refused = await deliver(hook, batch, tools, this.stopSignal());
    if (refused !== null) {
      throw new MailqError(
        "relay_unavailable",
        `The hook ${name} failed: ${sanitise(refused.error)}`,
      );
    }
    if (this.output.isJson) this.output.json({ name, told: true });
    else this.output.line(`The hook ${name} has taken a made-up event, hook.test`);
  },
  parameters: { positional: NAME },
  docs: {
    brief: "Tell a hook something made up, at once",
    fullDescription:
      `Hands the hook one event of the type hook.test, which is in no queue, as real ones are
handed over. Exit status 69 if the hook fails.

  mailq hooks test alarm`,
  },
});

const skip = buildCommand<NoFlags, [string], Context>({
  async func(_flags, name) {
    const settings = await this.settings("all");
    const hook = hookOf(settings, name);
    const store = await this.openQueue(settings, { create: true });
    await store.beginHooks([name]);
    for (;;) {
      const [lag] = await hookLags(store, [hook]);
      if (lag === undefined) return;
      const { state, behind } = lag;
      const skipped = {
        ...state,
        position: Math.max(state.position, await store.newestEvent()),
        batchTo: null,
        failures: 0,
        failingSince: null,
        nextAt: null,
        lastError: null,
      };
      if (!await store.noteHook(skipped, state.position)) continue;
      if (this.output.isJson) this.output.json({ name, skipped: behind });
      else this.output.line(`Skipped ${behind} ${plural(behind, "event")} of the hook ${name}`);
      return;
    }
  },
  parameters: { positional: NAME },
  docs: {
    brief: "Leave out what a hook was not told of",
    fullDescription: `The hook goes on with what happens from now on.

  mailq hooks skip alarm`,
  },
});

export const command = buildRouteMap({
  routes: { list, test, skip },
  defaultCommand: "list",
  docs: {
    brief: "Who is told of events: how far each is, test one, skip",
    fullDescription:
      `Each [[hook]] of the settings is told of events in their order, each at least once, by
\`mailq run\` as they happen and by \`mailq send\` at its end. One that fails is told again,
after 5 seconds, then later and later, up to an hour.

  mailq hooks
  mailq hooks test alarm
  mailq hooks skip alarm`,
  },
});

function hookOf({ hooks }: Settings, name: string): HookSettings {
  const hook = hooks.find((one) => one.name === name);
  if (hook !== undefined) return hook;
  const known = hooks.map((one) => one.name).join(", ") || "none in the settings";
  throw new MailqError("usage", `Cannot find the hook "${name}": there is ${known}`);
}
