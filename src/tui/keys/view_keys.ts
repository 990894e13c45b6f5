// The commands that a view has for itself, with their keys. Part of the table in key_table.ts. What each
// does is in its view's file in src/tui/views.

import type { Row } from "./places.ts";

const ACT = { group: "Act", isAction: true } as const;

export const VIEW_TABLE = {
  pause_part: {
    ...ACT,
    contexts: ["relays", "pauses"],
    keys: "p",
    name: "pause a part",
    help: "stop the mail of a relay, sender, domain or tag, for a time if you like",
    footer: "pause",
  },
  resume_part: {
    ...ACT,
    contexts: ["relays", "pauses"],
    keys: "r",
    name: "resume",
    help: "end the pause, and send what waits; a relay that is left alone is tried at once",
    footer: "resume",
  },
  add_suppression: {
    ...ACT,
    contexts: ["suppressions"],
    keys: "a",
    name: "add",
    help: "put addresses on the list",
    footer: "add",
  },
  remove_suppression: {
    ...ACT,
    contexts: ["suppressions"],
    keys: "x",
    name: "remove",
    help: "take an address off the list",
    footer: "remove",
  },
  import_suppressions: {
    ...ACT,
    contexts: ["suppressions"],
    keys: "i",
    name: "import",
    help: "put the addresses of a file on the list, one a line",
    footer: "import",
  },
  test_relay: {
    group: "Look",
    contexts: ["relays"],
    keys: "t",
    name: "test",
    help: "connect, log in and ask MAIL and RCPT; tells the certificate, and sends nothing",
    footer: "test",
  },
  stop_program: {
    group: "Program",
    contexts: ["output"],
    keys: "x",
    name: "stop",
    help: "stop the command; what it has in hand it ends",
    footer: "stop",
  },
  filter_view: {
    group: "Views",
    contexts: ["suppressions", "events", "settings"],
    keys: "/",
    name: "filter the view",
    help: "show only rows with all these words; of events also types, such as relay or failed",
    footer: "filter",
  },
} as const satisfies Readonly<Record<string, Row>>;
