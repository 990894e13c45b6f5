// The check "hooks": whether those who are to be told of events are told, and whether a hook's secret can
// be read. Whether a hook's command is there, the check "commands" says.

import { formatSpan } from "../../../display/ages.ts";
import type { HookState } from "../../../queue/ports/hooks.ts";
import { type Check, fault, type Finding, ok, warning } from "../check.ts";
import { ownedAt } from "../look.ts";

interface HookFacts {
  readonly name: string;
  /** Null where the queue cannot be read. */
  readonly state: Pick<HookState, "failures" | "failingSince" | "lastError"> | null;
  /** A file with a secret that is not there. */
  readonly missing: string | null;
}

interface Facts {
  readonly hooks: readonly HookFacts[];
  readonly now: number;
}

export const check: Check<Facts> = {
  async gather(patient) {
    const { hooks } = patient.settings;
    const { store } = hooks.length === 0 ? { store: null } : await patient.opened();
    const states = await store?.hookStates(hooks.map(({ name }) => name)) ?? [];
    return {
      now: patient.now,
      hooks: hooks.map(({ name, way }, i) => {
        const secret = way.kind === "url" ? way.secretFile : null;
        const missing = secret === null || ownedAt(secret) !== null ? null : secret;
        return { name, state: states[i] ?? null, missing };
      }),
    };
  },
  judge({ hooks, now }) {
    const found = hooks.flatMap((hook) => judgeHook(hook, now));
    if (found.length > 0) return found;
    return [ok(hooks.length === 0 ? "none are set" : hooks.map(({ name }) => name).join(", "))];
  },
};

function judgeHook({ name, state, missing }: HookFacts, now: number): Finding[] {
  const found: Finding[] = [];
  if (missing !== null) {
    found.push(fault(
      `there is no file ${missing}, which is to hold the secret of the hook ${name}`,
      `install -m 600 /dev/stdin ${missing}  (then type the secret)`,
    ));
  }
  if (state !== null && state.failures > 0) {
    const { failingSince, lastError } = state;
    const since = failingSince === null ? "" : ` for ${formatSpan(now - failingSince)}`;
    found.push(warning(
      `the hook ${name} cannot be told${since}: ${lastError ?? "unknown"}`,
      `mailq hooks test ${name}`,
    ));
  }
  return found;
}
