// The relay `exec:COMMAND`: hands each message to a shell command. `open_relay.ts` loads it;
// running the command is in `transport.ts`.

import type { Relay } from "../../queue/ports/transport.ts";
import { piecesOf } from "../pieces.ts";
import { type ProgramSettings, ProgramTransport, type ProgramWay } from "./transport.ts";

export interface ExecSettings extends ProgramSettings {
  readonly command: string;
}

/** A relay that hands each message to a shell command: its bytes as they are on stdin, its envelope
 *  in the environment (`childVariables`), so that no address is ever read as a part of the
 *  command. */
export function execRelay(settings: ExecSettings): Relay {
  const { name, command } = settings;
  const way: ProgramWay = {
    // The command may hold what is not for every reader of the queue.
    host: null,
    step: "Running the command",
    path: "/bin/sh",
    isShell: true,
    args: () => ["-c", command],
    input: piecesOf,
  };
  return { name, open: () => new ProgramTransport(way, settings) };
}
