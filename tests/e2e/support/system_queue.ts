import { DropBox } from "../../../src/store/drop/box.ts";
import { encodeFields, FIRST_LINE, frameLine, lastLine } from "../../../src/store/drop/format.ts";
import { dropName } from "../../../src/store/drop/names.ts";
import type { WholeMessage } from "../../../src/queue/message.ts";
import { Mailq } from "../../support/mailq.ts";
import { systemRandom } from "../../../src/system/time.ts";

/** A queue as `init system` makes it, in a folder of a throwaway one's. */
export async function makeSystemQueue(
  env: Readonly<Record<string, string>> = {},
  ...flags: string[]
): Promise<Mailq> {
  const mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:", ...env });
  mailq.env.MAILQ_QUEUE = `${mailq.folder}/system/queue.db`;
  await Deno.chmod(mailq.folder, 0o755);
  await mailq.ok(["init", "system", ...flags]);
  return mailq;
}

export function dropsOf(mailq: Mailq): string {
  return `${mailq.folder}/system/drop`;
}

/** Leaves messages as a user does who may not open the queue. */
export async function drop(mailq: Mailq, ...messages: WholeMessage[]): Promise<void> {
  const box = new DropBox(dropsOf(mailq), { now: Date.now }, systemRandom, () => {});
  await box.enqueue(messages);
}

/** Leaves a file under a drop's name, and returns the name. */
export async function dropBytes(mailq: Mailq, bytes: string | Uint8Array): Promise<string> {
  const name = newName();
  const path = `${dropsOf(mailq)}/${name}`;
  await Deno.writeFile(path, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
  return name;
}

export function newName(): string {
  return dropName(Date.now(), systemRandom.bytes(16));
}

/** The bytes of a drop whose fields need not be right. */
export function dropOf(message: WholeMessage, changes: Readonly<Record<string, unknown>>): string {
  const good: Record<string, unknown> = JSON.parse(
    new TextDecoder().decode(encodeFields(message)),
  );
  const fields = JSON.stringify({ ...good, ...changes });
  const content = new TextDecoder().decode(message.content);
  return FIRST_LINE + frameLine(new TextEncoder().encode(fields).length, message.content.length) +
    fields + content + lastLine(1);
}

/** What lies in the drop folder for the queue to take, and what it refused. */
export function leftIn(mailq: Mailq): { dropped: string[]; taken: string[]; refused: string[] } {
  const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  const folder = dropsOf(mailq);
  return {
    dropped: names(folder).filter((name) => name !== "taken" && name !== "refused"),
    taken: names(`${folder}/taken`),
    refused: names(`${folder}/refused`),
  };
}

export const NOTHING_LEFT = { dropped: [], taken: [], refused: [] };
