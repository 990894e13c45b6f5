// `mailq release`: lets held mail go. How the flags are read and the result is printed is the same
// for hold, release and cancel: see flags/action_command.ts.

import { actionCommand } from "../flags/action_command.ts";

export const command = actionCommand({
  name: "release",
  act: (store, filter) => store.release(filter),
  done: "Released",
  brief: "Let held mail go",
  fullDescription: `Lets held messages go on where they were; their lifetime begins anew.

  mailq release 7kq3vd
  mailq release --all`,
});
