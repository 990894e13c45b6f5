// `mailq suppress`: keeps the do-not-send list: add, remove, list, import, export. That nothing is
// sent to an address on it is the store's doing.

import { buildCommand, buildRouteMap } from "@stricli/core";
import { checkAddress, readAddressList } from "../../app/suppress/addresses.ts";
import { sanitise } from "../../display/sanitise.ts";
import { formatTimestamp } from "../../display/timestamps.ts";
import { fileInput, stdinInput } from "../../intake/sources/files.ts";
import {
  type FlagsOf,
  maybeOneArgument,
  type NoFlags,
  someArguments,
  text,
} from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";
import type { Output } from "../frame/output.ts";
import { isoTime } from "../print/json_shapes.ts";

const ADDRESSES = someArguments({ brief: "Addresses, in any case", placeholder: "ADDRESS" });

const ADD_FLAGS = {
  reason: text({ brief: "Why, for whoever reads the list", placeholder: "TEXT" }),
};

const add = buildCommand<FlagsOf<typeof ADD_FLAGS>, string[], Context>({
  async func({ reason }, ...addresses) {
    const store = await this.queue({ create: true });
    const added = await store.suppress(
      addresses.map((address) => checkAddress(address)),
      reason ?? null,
    );
    printAdded(this, { given: addresses.length, changed: added });
  },
  parameters: { flags: ADD_FLAGS, positional: ADDRESSES },
  docs: {
    brief: "Put addresses on the list",
    fullDescription: `Puts addresses on the list, all of them or none.

  mailq suppress add bob@example.org
  mailq suppress add --reason "asked to" bob@example.org ann@example.org`,
  },
});

const remove = buildCommand<NoFlags, string[], Context>({
  async func(_flags, ...addresses) {
    const store = await this.queue();
    const removed = await store.unsuppress(addresses);
    printRemoved(this, { given: addresses.length, changed: removed });
  },
  parameters: { positional: ADDRESSES },
  docs: {
    brief: "Take addresses off the list",
    fullDescription:
      `Takes addresses off the list; what was suppressed stays so until \`mailq resend\`.

  mailq suppress remove bob@example.org`,
  },
});

const list = buildCommand<NoFlags, [], Context>({
  async func() {
    const store = await this.queue();
    for await (const entry of store.suppressions()) {
      if (this.output.isJson) {
        this.output.json({
          address: entry.address,
          reason: entry.reason,
          created_at: isoTime(entry.createdAt),
        });
        continue;
      }
      const reason = entry.reason === null ? "" : `  ${entry.reason}`;
      this.output.line(
        sanitise(`${entry.address}  ${formatTimestamp(entry.createdAt)}${reason}`),
      );
    }
  },
  parameters: {},
  docs: {
    brief: "List them with time and reason",
    fullDescription: `Lists the addresses with the time they were added and the reason.

  mailq suppress list
  mailq suppress list --json`,
  },
});

const importList = buildCommand<NoFlags, [string?], Context>({
  async func(_flags, path) {
    const text = await readAll(this, path ?? "-");
    const addresses = readAddressList(text);
    const store = await this.queue({ create: true });
    const added = await store.suppress(addresses, null);
    printAdded(this, { given: addresses.length, changed: added });
  },
  parameters: {
    positional: maybeOneArgument({
      brief: "One address a line, # begins a comment; - for stdin (the default)",
      placeholder: "FILE",
    }),
  },
  docs: {
    brief: "Put a file's addresses on the list",
    fullDescription: `Puts a file's addresses on the list, all of them or none.

  mailq suppress import unsubscribed.txt
  mailq suppress export | mailq --queue other.db suppress import`,
  },
});

const exportList = buildCommand<NoFlags, [], Context>({
  async func() {
    const store = await this.queue();
    for await (const { address } of store.suppressions()) this.output.line(address);
  },
  parameters: {},
  docs: {
    brief: "Print one address a line, as import reads them",
    fullDescription: `Prints one address a line, as \`mailq suppress import\` reads them.

  mailq suppress export > unsubscribed.txt`,
  },
});

export const command = buildRouteMap({
  routes: { add, remove, list, import: importList, export: exportList },
  docs: {
    brief: "Keep the do-not-send list",
    fullDescription:
      `Addresses on the list get no mail: their part of a message is recorded as suppressed.

  mailq suppress add --reason "asked to" bob@example.org
  mailq suppress import unsubscribed.txt`,
  },
});

async function readAll(context: Context, path: string): Promise<string> {
  const input = path === "-" ? stdinInput(context.machine.stdin) : fileInput(path);
  const bytes = input.read();
  const decoder = new TextDecoder();
  if (bytes.kind === "whole") return decoder.decode(bytes.bytes);
  let text = decoder.decode(bytes.head, { stream: true });
  for await (const piece of bytes.rest) text += decoder.decode(piece, { stream: true });
  return text + decoder.decode();
}

interface Counts {
  /** Addresses given. */
  readonly given: number;
  /** Those of them that changed the list. */
  readonly changed: number;
}

function printAdded({ output }: Context, { given, changed }: Counts): void {
  if (output.isJson) return output.json({ added: changed });
  output.line(`Added ${countText(changed)}`);
  noteOthers(output, given - changed, "listed already");
}

function printRemoved({ output }: Context, { given, changed }: Counts): void {
  if (output.isJson) return output.json({ removed: changed });
  output.line(`Removed ${countText(changed)}`);
  noteOthers(output, given - changed, "not listed");
}

function noteOthers(output: Output, count: number, why: string): void {
  if (count > 0) output.note(`${count} ${count === 1 ? "was" : "were"} ${why}`);
}

function countText(count: number): string {
  return `${count} ${count === 1 ? "address" : "addresses"}`;
}
