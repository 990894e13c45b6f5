// `mailq completions`: prints the completion script for a shell, and answers what that script asks
// at a press of TAB. Scripts and answers are src/cli/completions's.

import { buildCommand } from "@stricli/core";
import { MailqError } from "../../queue/errors.ts";
import { scriptFor, type Shell, SHELLS } from "../completions/script.ts";
import { isValueKind, printValues } from "../completions/values.ts";
import { type NoFlags, someArguments } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";

export const command = buildCommand<NoFlags, string[], Context>({
  async func(_flags, what = "", ...more) {
    if (isValueKind(what)) return await printValues(this, what, more);
    if (!isShell(what) || more.length > 0) {
      throw new MailqError(
        "usage",
        `Cannot print completions for "${[what, ...more].join(" ")}": expected one of ${
          SHELLS.join(", ")
        }`,
      );
    }
    // It reads the declarations of all commands, this one too.
    const { declaredCommands }: typeof import("../frame/declared.ts") = await import(
      import.meta.resolve("../frame/declared.ts")
    );
    this.output.text(scriptFor(what, await declaredCommands()));
  },
  parameters: {
    positional: someArguments({ brief: "The shell", placeholder: SHELLS.join("|") }),
  },
  docs: {
    brief: "Print the completion script for bash, zsh or fish",
    fullDescription:
      `Prints a script by which TAB completes commands, options, files, ids with their
subjects, statuses, relays, tags and settings.

  mailq completions bash | sudo tee /usr/share/bash-completion/completions/mailq
  mailq completions zsh | sudo tee /usr/local/share/zsh/site-functions/_mailq
  mailq completions fish > ~/.config/fish/completions/mailq.fish`,
  },
});

function isShell(word: string): word is Shell {
  return SHELLS.some((shell) => shell === word);
}
