// `mailq man`: prints a page of the manual as man(1) reads it. The pages and how they are written are
// src/cli/manual's.

import { buildCommand } from "@stricli/core";
import { MailqError } from "../../queue/errors.ts";
import { maybeOneArgument, type NoFlags } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";

export const command = buildCommand<NoFlags, [string?], Context>({
  async func(_flags, name = "mailq") {
    // It reads the declarations of all commands, this one too.
    const { findPage, PAGES, roffPage }: typeof import("../manual/pages.ts") = await import(
      import.meta.resolve("../manual/pages.ts")
    );
    const page = findPage(name);
    if (page === null) {
      const names = PAGES.map((one) => one.name).join(", ");
      throw new MailqError("usage", `Cannot find the page "${name}": expected one of ${names}`);
    }
    this.output.text(await roffPage(page));
  },
  parameters: {
    positional: maybeOneArgument({
      brief: "mailq, mailq-sendmail, mailq.toml, mailq-events [mailq]",
      placeholder: "PAGE",
    }),
  },
  docs: {
    brief: "Print a page of the manual for man(1)",
    fullDescription:
      `Prints a page of the manual in the form that man(1) reads. \`mailq help PAGE\` shows
the same in the terminal, with no need of man(1).

  mailq man | man -l -
  mailq man mailq.toml | sudo tee /usr/local/share/man/man5/mailq.toml.5
  mailq help mailq.toml`,
  },
});
