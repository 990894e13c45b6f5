// `mailq hold`: keeps mail back. How the flags are read and the result is printed is the same for
// hold, release and cancel: see flags/action_command.ts.

import { actionCommand } from "../flags/action_command.ts";

export const command = actionCommand({
  name: "hold",
  act: (store, filter) => store.hold(filter),
  done: "Held",
  brief: "Keep mail back until it is released",
  fullDescription:
    `Keeps open messages back: they are not sent and do not expire until \`mailq release\`.

  mailq hold 7kq3vd
  mailq hold --to @example.org`,
});
