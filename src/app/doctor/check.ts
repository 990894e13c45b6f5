// What a check of the doctor is: it gathers facts from the machine and judges them. Each check is a file
// of its own and a row of check_table.ts; doctor.ts runs them. Judging is pure, so that tests need no
// broken machine.

import type { Patient } from "./patient.ts";

export type Level = "ok" | "warning" | "error";

/** What a check found. */
export interface Finding {
  /** Where a check has several things to tell: which of them, in place of the check's own name. */
  readonly name?: string;
  readonly level: Level;
  /** How it is, in one line. */
  readonly text: string;
  /** The command that mends it, or what to do; null where all is well. */
  readonly mend: string | null;
  /** What `--fix` does about it; absent where a person has to. */
  readonly fix?: Fix;
}

/** A mode that is to be set, or a folder that is to be made. */
export interface Fix {
  readonly kind: "file" | "folder";
  readonly path: string;
  readonly mode: number;
  /** Whose a folder is to be that is made; a file or folder that is there keeps its owner. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

export interface Check<Facts> {
  readonly gather: (patient: Patient) => Facts | Promise<Facts>;
  /** Findings in the order of the screen; none where the check does not apply. */
  readonly judge: (facts: Facts) => readonly Finding[];
}

export function ok(text: string, more: Pick<Finding, "name"> = {}): Finding {
  return { level: "ok", text, mend: null, ...more };
}

export function warning(
  text: string,
  mend: string,
  more: Pick<Finding, "name" | "fix"> = {},
): Finding {
  return { level: "warning", text, mend, ...more };
}

export function fault(
  text: string,
  mend: string,
  more: Pick<Finding, "name" | "fix"> = {},
): Finding {
  return { level: "error", text, mend, ...more };
}
