// Names the parts of the mail that are paused, with the command that ends each pause. Called by
// commands after which mail still waits for one: `resume` of something else, `retry`.

import { describePart, resumeCommand } from "../../app/pause/part.ts";
import { sanitise } from "../../display/sanitise.ts";
import type { Pause } from "../../queue/policy/pause.ts";
import type { Context } from "../frame/context.ts";

/** A line for each pause. */
export function printPausedParts({ output }: Pick<Context, "output">, pauses: readonly Pause[]) {
  for (const pause of pauses) {
    output.note(
      `${sanitise(describePart(pause))} is paused: \`${sanitise(resumeCommand(pause))}\` ends that`,
    );
  }
}
