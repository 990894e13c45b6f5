// Looks the machine over: runs the checks of the table, mends modes and folders where it may. Called by
// `mailq doctor`, which prints the findings. What a check looks at is its own file's matter.

import { errorText, MailqError } from "../../queue/errors.ts";
import type { Finding } from "./check.ts";
import { type CheckRow, CHECKS, loadCheck } from "./check_table.ts";
import { type DoctorApp, Patient } from "./patient.ts";

interface DoctorOptions {
  /** Nothing is asked over the network. */
  readonly isOffline: boolean;
  /** The only relay that is looked at, and nothing else; null = all, and everything. */
  readonly relay: string | null;
  /** Modes are set and folders made where a check says so. */
  readonly mends: boolean;
}

/** A finding as it is told. */
export interface Diagnosis extends Finding {
  readonly name: string;
  /** `--fix` has mended it; the text tells how it was. */
  readonly isMended: boolean;
}

/** Runs every check that applies; yields what each found, in the table's order. Throws
 *  `config_invalid` where not even a queue can be chosen, and `usage` for a relay that is not there. */
export async function* examine(
  app: DoctorApp,
  { isOffline, mends, relay }: DoctorOptions,
): AsyncGenerator<Diagnosis> {
  const patient = await Patient.meet(app, { isOffline, relay });
  if (relay !== null && patient.relays.length === 0) {
    const names = patient.settings.relays.map(({ name }) => name);
    throw new MailqError(
      "usage",
      `Cannot find a relay called "${relay}": expected one of ${names.join(", ")}`,
    );
  }
  const kind = patient.queueFile === null ? "server" : "file";
  const rows = CHECKS.filter((row) =>
    (relay === null || row.isOfRelay) &&
    !(isOffline && row.isOnline) && (row.queue === undefined || row.queue === kind) &&
    (patient.isOwner || !row.isOwners)
  );
  // All begin at once, and each is told in its place: some wait for the network, or for other programs.
  const begun = rows.map((row) => [row, findingsOf(row, patient)] as const);
  for (const [row, findings] of begun) {
    for (const finding of await findings) {
      const isMended = mends && finding.fix !== undefined && await mendIt(finding);
      yield { ...finding, name: finding.name ?? row.name, isMended };
    }
  }
}

async function mendIt({ fix }: Finding): Promise<boolean> {
  if (fix === undefined) return false;
  const { applyFix }: typeof import("./fix.ts") = await import(import.meta.resolve("./fix.ts"));
  return applyFix(fix);
}

/** A check that cannot look is a finding, too: the others go on. */
async function findingsOf(row: CheckRow, patient: Patient): Promise<readonly Finding[]> {
  try {
    const { gather, judge } = await loadCheck(row);
    return judge(await gather(patient));
  } catch (error) {
    const why = error instanceof Error && error.name !== "Error"
      ? `${error.name}: ${error.message}`
      : errorText(error);
    return [{
      level: "warning",
      text: `cannot be looked at: ${why}`,
      mend: patient.isRoot ? "see to what it names, then `mailq doctor`" : "sudo mailq doctor",
    }];
  }
}
