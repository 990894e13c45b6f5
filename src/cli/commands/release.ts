import { actionCommand } from "../flags/action_command.ts";

export const command = actionCommand({
  act: (store, filter) => store.release(filter),
  done: "Released",
  brief: "Let held mail go",
  fullDescription: `Lets held messages go on where they were; their lifetime begins anew.

  mailq release 7kq3vd
  mailq release --all`,
});
