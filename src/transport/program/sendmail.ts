// The relay `sendmail:PATH`: hands each message to a program that is called like sendmail.
// `open_relay.ts` loads it; running the program is in `transport.ts`.

import { MailqError } from "../../queue/errors.ts";
import type { Relay } from "../../queue/ports/transport.ts";
import { lfPiecesOf } from "../pieces.ts";
import { type ProgramSettings, ProgramTransport, type ProgramWay } from "./transport.ts";

interface SendmailSettings extends ProgramSettings {
  readonly path: string;
}

/** A relay that hands each message to a sendmail program as `PATH -i -f SENDER -- RECIPIENT…`,
 *  the null sender as `<>`. The message goes to its stdin with LF line ends: that is what the
 *  interface asks for, every such program makes CRLF of it again, and some take the CR of CRLF for
 *  text. */
export function sendmailRelay(settings: SendmailSettings): Relay {
  const { name, path } = settings;
  const way: ProgramWay = {
    host: path,
    step: `Running ${path}`,
    path,
    isShell: false,
    // After `--` no address is read as an option; after `-f` the next argument never is.
    args: (sender, recipients) => ["-i", "-f", sender || "<>", "--", ...recipients],
    input: lfPiecesOf,
  };
  return { name, open: () => new ProgramTransport(way, settings) };
}

/** Throws `config_invalid` if `path` is the program we are, by this or another name: every message
 *  would come back into the queue. */
export async function checkNotOurselves({ relay, path, ownPath }: {
  readonly relay: string;
  readonly path: string;
  /** The file we run from. */
  readonly ownPath: string;
}): Promise<void> {
  const [program, own] = await Promise.all([path, ownPath].map(inodeOf));
  if (program === null || program !== own) return;
  throw new MailqError(
    "config_invalid",
    `Cannot send to the relay "${relay}" by sendmail:${path}: that is mailq itself, and every ` +
      "message would come back; expected another sendmail program",
  );
}

async function inodeOf(path: string): Promise<string | null> {
  // A program that is not there cannot be us; running it tells what is wrong.
  const info = await Deno.stat(path).catch(() => null);
  return info === null || info.ino === null ? null : `${info.dev}:${info.ino}`;
}
