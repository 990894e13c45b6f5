// Prints what the doctor finds: a line a check with a mark, and below it what mends it. Called by
// `mailq doctor` as each check ends.

import type { Diagnosis } from "../../app/doctor/doctor.ts";
import type { Level } from "../../app/doctor/check.ts";
import { type Colour, paint } from "../../display/colour.ts";
import { plural } from "../../display/plural.ts";
import { sanitise } from "../../display/sanitise.ts";
import type { Output } from "../frame/output.ts";

const LOOKS: Readonly<Record<Level, { readonly mark: string; readonly colour: Colour }>> = {
  ok: { mark: "✓", colour: "green" },
  warning: { mark: "!", colour: "yellow" },
  error: { mark: "✗", colour: "red" },
};

/** The longest name of a check, and a gap. */
const NAME_WIDTH = 14;

export class DoctorReport {
  readonly #counts = { ok: 0, warning: 0, error: 0 };
  #mended = 0;

  constructor(readonly output: Output) {}

  print({ name, level, text, mend, isMended }: Diagnosis): void {
    const { output } = this;
    if (isMended) this.#mended++;
    else this.#counts[level]++;
    if (output.isJson) {
      return output.json({
        check: name,
        level: isMended ? "ok" : level,
        text,
        mend,
        mended: isMended,
      });
    }
    const { mark, colour } = LOOKS[isMended ? "ok" : level];
    if (output.globals.isQuiet && level === "ok") return;
    const told = isMended ? `mended: ${text}` : text;
    output.line(`${paint(mark, colour, output)} ${name.padEnd(NAME_WIDTH)} ${sanitise(told)}`);
    if (mend !== null && !isMended) {
      output.line(`${" ".repeat(NAME_WIDTH + 3)}${paint(`→ ${sanitise(mend)}`, "bold", output)}`);
    }
    output.flush();
  }

  /** The last line; returns the exit status. */
  end(): number {
    const { output } = this;
    const { ok, warning, error } = this.#counts;
    const parts = [`${ok} well`];
    if (this.#mended > 0) parts.push(`${this.#mended} mended`);
    if (warning > 0) parts.push(`${warning} worth a look`);
    if (error > 0) parts.push(`${error} ${plural(error, "fault")}`);
    if (!output.isJson && !output.globals.isQuiet) output.line(parts.join(", "));
    return error > 0 ? 2 : warning > 0 ? 1 : 0;
  }
}
