// `mailq migrate`: makes a queue on PostgreSQL or brings its schema up to date, shows the SQL of that, or
// tells what is missing. The steps are src/store/postgres/db's.

import { buildCommand } from "@stricli/core";
import { plural } from "../../display/plural.ts";
import { MailqError } from "../../queue/errors.ts";
import { isOnPostgres } from "../../store/open.ts";
import { type FlagsOf, toggle } from "../flags/builders.ts";
import type { Context } from "../frame/context.ts";

const FLAGS = {
  print: toggle("Only print the SQL of what is missing"),
  check: toggle("Only tell what is missing; exit 75 if anything is"),
};

/** A database whose clock differs by more is told of: due times go by it. */
const SKEW_MS = 2_000;

export const command = buildCommand<FlagsOf<typeof FLAGS>, [], Context>({
  async func({ print = false, check = false }) {
    const { queue } = await this.settings("all");
    if (!isOnPostgres(queue)) {
      throw new MailqError(
        "usage",
        `Cannot migrate the queue ${queue}: it is a file, which is brought up to date when it is opened`,
      );
    }
    const { lookAtDatabase, migrateQueue, missingSql }:
      typeof import("../../store/postgres/setup.ts") = await import(
        import.meta.resolve("../../store/postgres/setup.ts")
      );
    const { output } = this;
    const look = await lookAtDatabase(queue, this.machine.clock);
    const { name, version, known, skewMs } = look;
    if (Math.abs(skewMs) > SKEW_MS) {
      output.warn(
        `the clock of the database is ${skewMs > 0 ? "ahead" : "behind"} by ` +
          `${Math.round(Math.abs(skewMs) / 1000)} seconds; set one of them right (NTP)`,
      );
    }
    if (print) {
      const sql = missingSql(look);
      if (sql === null) output.note(`the queue ${name} is up to date`);
      else output.line(sql);
      return;
    }
    const missing = Math.max(0, known - version);
    if (check) {
      if (output.isJson) output.json({ queue: name, version, known, skew_ms: skewMs });
      if (missing > 0) {
        throw new MailqError(
          "busy",
          `The queue ${name} lacks ${missing} ${plural(missing, "step")} of its schema: ` +
            "its owner runs `mailq migrate`",
        );
      }
      if (!output.isJson) output.line(`The queue ${name} is up to date (schema ${version})`);
      return;
    }
    const done = await migrateQueue(queue);
    if (output.isJson) return output.json({ queue: name, steps: done });
    output.line(
      done === 0
        ? `The queue ${name} is up to date`
        : `Did ${done} ${plural(done, "step")} of the schema of ${name}`,
    );
  },
  parameters: { flags: FLAGS },
  docs: {
    brief: "Make a queue on PostgreSQL, or bring it up to date",
    fullDescription: `Makes the schema mailq in the database that --queue names, or brings it up to
date. It needs the rights of the schema's owner; other roles need none of that.

  mailq --queue postgres://mailq@db.example.org/mail migrate
  mailq migrate --print     (the SQL, for whoever may run it)
  mailq migrate --check`,
  },
});
