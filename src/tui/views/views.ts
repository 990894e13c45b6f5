// The views that the screen has. Read by model/view.ts; a new one is a row here, a row in
// data/views/view_data.ts, and a command in keys/key_table.ts.

import type { ViewName } from "../data/views/view_data.ts";
import { problemsView } from "./problems.ts";
import { statsView } from "./stats.ts";
import type { View } from "./view.ts";

type Views = { readonly [Name in ViewName]: View<Name> };

const VIEWS: Views = {
  problems: problemsView,
  stats: statsView,
};

export function viewOf<Name extends ViewName>(name: Name): View<Name> {
  return VIEWS[name];
}
