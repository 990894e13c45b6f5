// Prints what an action would do. Called by the commands that take `--dry-run`; the counting is
// src/app/act's.

import type { DryRun } from "../../app/act/dry_run.ts";
import { plural } from "../../display/plural.ts";
import { sanitise } from "../../display/sanitise.ts";
import type { Output } from "../frame/output.ts";
import { messageShape } from "./json_shapes.ts";

/** Prints the count and the samples; `action` is what would be done, such as `hold`. */
export function printDryRun(output: Output, { count, samples }: DryRun, action: string): void {
  if (output.isJson) {
    output.json({ dry_run: true, count, samples: samples.map(messageShape) });
    return;
  }
  output.line(`Would ${action} ${count} ${plural(count, "message")}${count === 0 ? "" : ":"}`);
  for (const { id, status, sender, firstRecipient, recipientsTotal, subject } of samples) {
    const more = recipientsTotal > 1 ? ` +${recipientsTotal - 1}` : "";
    const from = sender === "" ? "<>" : sender;
    output.line(
      `  ${id} ${status}  ${sanitise(`${from} → ${firstRecipient}${more}`)}  ${
        sanitise(subject ?? "")
      }`.trimEnd(),
    );
  }
  if (count > samples.length) output.line("  …");
}
