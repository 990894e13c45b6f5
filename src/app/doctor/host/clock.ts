// The check "clock": whether the machine's clock can be right. Next tries, expiry and certificates depend
// on it. What a relay's clock says, the relay's own check compares.

import { type Check, fault, ok, warning } from "../check.ts";
import { askProgram } from "../look.ts";

interface Facts {
  readonly now: number;
  /** When the queue was last worked on, by the clock of then; null = never. */
  readonly lastRoundAt: number | null;
  /** Whether the system says that its clock is kept by others'; null = it does not say. */
  readonly isSynchronised: boolean | null;
}

/** This was written then. */
const WRITTEN_AT = Date.UTC(2026, 0, 1);
const SLACK_MS = 5 * 60_000;
const MEND = "sudo timedatectl set-ntp true  (or: sudo chronyc makestep)";

export const check: Check<Facts> = {
  async gather(patient) {
    const { status } = await patient.opened();
    const said = await askProgram("timedatectl", "show", "-p", "NTPSynchronized", "--value");
    return {
      now: patient.now,
      lastRoundAt: status?.lastRoundAt ?? null,
      isSynchronised: said === null || !/^(yes|no)\s*$/.test(said) ? null : said.startsWith("yes"),
    };
  },
  judge({ now, lastRoundAt, isSynchronised }) {
    const time = new Date(now).toISOString();
    if (now < WRITTEN_AT) return [fault(`it is not ${time}: the clock is wrong`, MEND)];
    if (lastRoundAt !== null && lastRoundAt > now + SLACK_MS) {
      const then = new Date(lastRoundAt).toISOString();
      return [fault(
        `it is ${time} here, and the queue was worked on at ${then}: the clock is, or was, wrong`,
        `${MEND}, then \`mailq send\``,
      )];
    }
    if (isSynchronised === false) {
      return [warning(`${time}, and nobody keeps the clock right`, MEND)];
    }
    return [ok(time)];
  },
};
