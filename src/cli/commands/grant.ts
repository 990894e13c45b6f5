// `mailq grant`: says what a role of the database may do in a queue on PostgreSQL, or shows the SQL of
// that. What a right consists of is src/store/postgres/grant.ts's.

import { buildCommand } from "@stricli/core";
import { MailqError } from "../../queue/errors.ts";
import { type Right, RIGHTS } from "../../store/right.ts";
import { isOnPostgres } from "../../store/open.ts";
import { type FlagsOf, readText, toggle } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";

const FLAGS = {
  print: toggle("Only print the SQL, for the queue's owner to run"),
};

export const command = buildCommand<FlagsOf<typeof FLAGS>, [Right, string], Context>({
  async func({ print = false }, right, role) {
    const { queue } = await this.settings("all");
    if (!isOnPostgres(queue)) {
      throw new MailqError(
        "usage",
        `Cannot give rights in the queue ${queue}: it is a file; \`mailq init system\` lets every ` +
          "user of the machine hand mail in",
      );
    }
    const { grant, grantSql }: typeof import("../../store/postgres/grant.ts") = await import(
      import.meta.resolve("../../store/postgres/grant.ts")
    );
    const { output } = this;
    if (print) return output.line(await grantSql(queue, right, role));
    await grant(queue, right, role);
    if (output.isJson) output.json({ role, right });
    else output.line(`${role} may ${MEANINGS[right]}`);
  },
  parameters: {
    flags: FLAGS,
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "What it may do", placeholder: RIGHTS.join("|"), parse: readRight },
        { brief: "A role of the database", placeholder: "ROLE", parse: readText },
      ],
    },
  },
  docs: {
    brief: "Give a role of the database rights in a queue on PostgreSQL",
    fullDescription:
      `Says what a role of the database may do in the queue, in place of what it might
before. The queue's owner gives rights; no role needs the right to change tables.

  submit    hand mail in by SQL, and cancel its own
  read      look at everything (list, show, status, the screen)
  operate   everything: also send, run, retry, pause
  none      nothing

  mailq grant submit webshop
  mailq grant operate mailq_host2 --print`,
  },
});

const MEANINGS: Readonly<Record<Right, string>> = {
  submit: "hand mail in by SQL",
  read: "look at everything",
  operate: "do everything but change the schema",
  none: "do nothing any more",
};

function readRight(text: string): Right {
  const right = RIGHTS.find((one) => one === text);
  if (right !== undefined) return right;
  throw new MailqError(
    "usage",
    `Cannot give the right "${text}": expected one of ${RIGHTS.join(", ")}`,
  );
}
