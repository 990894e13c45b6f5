// `mailq cancel`: gives mail up. How the flags are read and the result is printed is the same for
// hold, release and cancel: see flags/action_command.ts.

import { actionCommand } from "../flags/action_command.ts";

export const command = actionCommand({
  name: "cancel",
  act: (store, filter) => store.cancel(filter),
  done: "Cancelled",
  brief: "Give up queued and deferred mail",
  fullDescription:
    `Gives up what is queued or deferred of messages. What is being sent at this moment is
left alone; \`mailq resend\` takes it all back.

  mailq cancel 7kq3vd
  mailq cancel --subject newsletter --status queued`,
});
