// `mailq help …` and `--help`: prints what the words are about, a command or a page of the manual.
// Loaded by run.ts when help is wanted.

import { shell } from "../../system/shell.ts";
import { isCommandName } from "./command_table.ts";
import type { Context } from "./context.ts";

/** Lines of a page are no longer, however wide the terminal is. */
const WIDTH = 90;

/** Prints the help about `words`; false where they are no command and no page of the manual. */
export async function showHelp(words: readonly string[], context: Context): Promise<boolean> {
  const [name] = words;
  if (name === undefined || isCommandName(name)) {
    const { helpFor }: typeof import("./help.ts") = await import(import.meta.resolve("./help.ts"));
    context.output.text(await helpFor(words));
    return true;
  }
  const { findPage, plainPage }: typeof import("../manual/pages.ts") = await import(
    import.meta.resolve("../manual/pages.ts")
  );
  const page = findPage(name);
  if (page === null) return false;
  const { output } = context;
  const width = Math.min(output.columns ?? WIDTH, WIDTH);
  await showText(context, await plainPage(page, { width, hasStyles: output.usesColor }));
  return true;
}

/** A long text at a terminal goes to $PAGER. */
async function showText({ output, machine: { env } }: Context, text: string): Promise<void> {
  if (output.columns === null) return output.text(text);
  const pager = shell(env.PAGER || "less -FRX", { stdin: "piped" }).spawn();
  try {
    const writer = pager.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch {
    // Its reader has seen enough, or there is no such program.
  }
  const { code } = await pager.status;
  if (code === 127) output.text(text);
}
