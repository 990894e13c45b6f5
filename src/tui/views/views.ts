// The views that the screen has. Read by model/view.ts; a new one is a row here, a row in
// data/views/view_data.ts, and a command in keys/key_table.ts.

import type { ViewName } from "../data/views/view_data.ts";
import { eventsView } from "./events.ts";
import { outputView } from "./output.ts";
import { pausesView } from "./pauses.ts";
import { problemsView } from "./problems.ts";
import { relaysView } from "./relays.ts";
import { settingsView } from "./settings.ts";
import { statsView } from "./stats.ts";
import { suppressionsView } from "./suppressions.ts";
import type { View } from "./view.ts";
import { workersView } from "./workers.ts";

type Views = { readonly [Name in ViewName]: View<Name> };

const VIEWS: Views = {
  problems: problemsView,
  relays: relaysView,
  workers: workersView,
  pauses: pausesView,
  suppressions: suppressionsView,
  events: eventsView,
  settings: settingsView,
  output: outputView,
  stats: statsView,
};

export function viewOf<Name extends ViewName>(name: Name): View<Name> {
  return VIEWS[name];
}
