// Puts the log together: lines of a format, and before each the time, or for systemd's journal how
// important it is. Commands open it
// (open_log.ts); what is written is output.ts's to print.

import type { LogEvent } from "../../app/log_event.ts";
import type { Clock } from "../../system/time.ts";
import type { Level, LogFormat, LogLine } from "./format.ts";
import { JSON_FORMAT } from "./json_format.ts";
import { TEXT_FORMAT } from "./text_format.ts";

/** As syslog counts (RFC 5424), which the journal reads before a line. */
const PRIORITIES: Readonly<Record<Level, number>> = { error: 3, warning: 4, info: 6, debug: 7 };

/** Makes the lines of the log. */
export class Log {
  constructor(
    readonly format: LogFormat,
    readonly clock: Clock,
    /** The journal notes the time itself. */
    readonly isJournal: boolean,
  ) {}

  /** The lines of an event, each with its end. */
  event(event: LogEvent): string {
    const now = this.clock.now();
    return this.format.event(event, now).map((line) => this.#whole(line, now)).join("");
  }

  /** What the program says itself; several lines stay several. */
  text(level: Level, text: string): string {
    const now = this.clock.now();
    return text.split("\n").map((part) => this.#whole(this.format.text(level, part, now), now))
      .join("");
  }

  #whole({ level, text }: LogLine, now: number): string {
    const head = this.isJournal ? `<${PRIORITIES[level]}>` : this.format.head(now);
    return `${head}${text}\n`;
  }
}

/** The log of --verbose where no other is opened: what a command says itself stays as it is, but for
 *  --json. */
export function verboseLog(isJson: boolean, clock: Clock): Log {
  return new Log(isJson ? JSON_FORMAT : TEXT_FORMAT, clock, false);
}
