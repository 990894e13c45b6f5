// Asks a relay whether it would take mail: greets it, logs in, says MAIL and RCPT, and takes that back
// with RSET. No message goes out. Called through `Relay.ask`, which relay.ts makes of it.

import { errorText } from "../../queue/errors.ts";
import type { Phase } from "../../queue/outcome.ts";
import type { AskedEnvelope, AskReport, Delivery } from "../../queue/ports/transport.ts";
import { ConnectionBroken } from "./connection/broken.ts";
import type { Channel } from "./connection/channel.ts";
import { Transcript } from "./connection/transcript.ts";
import { isPositive, STEP } from "./mail/classify.ts";
import { commandOf, limitOf, type Step } from "./mail/envelope_steps.ts";
import type { Session } from "./session/session.ts";
import type { Shared } from "./transport.ts";

/** What a small mail is said to have. */
const SIZE_BYTES = 1_000;

/** Asks on a connection of its own. Never rejects for what the relay or the network does. */
export async function askRelay(
  { opener, timers, timeouts, shownHost, onSaid }: Shared,
  envelope: AskedEnvelope,
  signal: AbortSignal,
): Promise<AskReport> {
  const transcript = new Transcript(onSaid);
  transcript.restart(timers.now());
  let channel: Channel | null = null;
  const onAbort = () => channel?.abort(new ConnectionBroken("stopped", "stopped"));
  signal.addEventListener("abort", onAbort);
  const end = (answer: Answer): AskReport => ({
    ...answer,
    host: shownHost,
    transcript: transcript.format(),
  });
  try {
    const opened = await opener.open({
      transcript,
      signal,
      onChannel: (made) => {
        channel = made;
      },
    });
    if ("error" in opened) {
      const { outcome, error } = opened;
      return end({
        isAccepted: false,
        phase: outcome.phase ?? "connect",
        text: error,
        tls: null,
        session: null,
      });
    }
    const answer = await askSession(opened, envelope, (step) => limitOf(step, timeouts));
    await opened.quit(timeouts.quitMs);
    return end(answer);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

type Answer = Omit<AskReport, "host" | "transcript">;

/** MAIL, RCPT and RSET on an open session. */
async function askSession(
  session: Session,
  { sender, recipient }: AskedEnvelope,
  limitMs: (step: Step) => number,
): Promise<Answer> {
  const delivery: Delivery = {
    id: "",
    sender,
    recipients: [recipient],
    content: new Uint8Array(0),
    sizeBytes: SIZE_BYTES,
    dotLines: 0,
    isEightBit: false,
  };
  const say = async (step: Step) => {
    session.channel.sendCommands(commandOf(step, session, { delivery, indices: [0] }));
    return await session.channel.reply(limitMs(step));
  };
  const { tls, about } = session;
  let phase: Phase = "mail";
  try {
    for (const step of [{ phase: "mail" }, { phase: "rcpt", index: 0 }] as const) {
      phase = step.phase;
      const reply = await say(step);
      const text = reply.raw.trim().replaceAll("\r\n", " ");
      const isAccepted = isPositive(phase, reply.code);
      if (isAccepted && phase !== "rcpt") continue;
      if (reply.code !== 421) await say({ phase: "reset" });
      return {
        isAccepted,
        phase,
        text: isAccepted ? text : `${STEP[phase]}: ${text}`,
        tls,
        session: about,
      };
    }
  } catch (error) {
    if (!(error instanceof ConnectionBroken)) throw error;
    return {
      isAccepted: false,
      phase,
      text: `${STEP[phase]}: ${errorText(error)}`,
      tls,
      session: about,
    };
  }
  throw new Error("RCPT is the last step");
}
