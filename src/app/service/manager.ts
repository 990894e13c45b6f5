// What the service tells who has started it, as systemd wants to be told (sd_notify(3)): that it is up,
// how it fares, that it ends, and that it still goes round. Started by `mailq run` where NOTIFY_SOCKET
// is set; whether the service goes round, delivery says.

import { sendDatagram } from "../../system/service/libc.ts";
import type { Wait } from "../../system/time.ts";

/** More than what it expects of itself may pass before the service counts as stuck: a slow disk. */
const SLACK_MS = 30_000;

interface ManagerTools {
  readonly env: Readonly<Record<string, string>>;
  readonly wait: Wait;
  /** Milliseconds that only go forward. */
  readonly elapsed: () => number;
  readonly send?: (socket: string, text: string) => boolean;
}

/** Tells the service manager; where there is none, nobody. */
export class ServiceManager {
  readonly #socket: string | null;
  readonly #watchdogMs: number | null;
  readonly #tools: ManagerTools;
  #status = "";
  /** The service is to have gone on by then. */
  #expectedBy = Infinity;

  constructor(tools: ManagerTools) {
    const { env } = this.#tools = tools;
    this.#socket = env.NOTIFY_SOCKET || null;
    const isForUs = !env.WATCHDOG_PID || Number(env.WATCHDOG_PID) === Deno.pid;
    const ms = Number(env.WATCHDOG_USEC) / 1000;
    this.#watchdogMs = isForUs && ms > 0 ? ms : null;
  }

  /** It takes and sends mail from now on. */
  ready(status: string): void {
    this.#tell(`READY=1\nSTATUS=${status}`);
    this.#status = status;
  }

  /** In one line, for `systemctl status`. */
  status(status: string): void {
    if (status !== this.#status) this.#tell(`STATUS=${status}`);
    this.#status = status;
  }

  stopping(): void {
    this.#tell("STOPPING=1\nSTATUS=finishing what is being sent");
  }

  /** The service has gone on, and will again within `ms`. */
  noteProgress(ms: number): void {
    this.#expectedBy = this.#tools.elapsed() + ms + SLACK_MS;
  }

  /** The service has not gone on as it said it would. */
  get isStuck(): boolean {
    return this.#tools.elapsed() > this.#expectedBy;
  }

  /** Tells, as often as is wanted, that the service lives: not if it has not gone on as it said. Ends
   *  with the signal. */
  async watch(signal: AbortSignal): Promise<void> {
    const { wait } = this.#tools;
    if (this.#socket === null || this.#watchdogMs === null) return;
    while (!signal.aborted) {
      if (!this.isStuck) this.#tell("WATCHDOG=1");
      await wait(this.#watchdogMs / 3, signal);
    }
  }

  #tell(text: string): void {
    const { send = sendDatagram } = this.#tools;
    if (this.#socket !== null) send(this.#socket, text);
  }
}
