// The do-not-send list: addresses that get no mail. Enter lists the messages to one; addresses are put on
// the list and taken off it here.

import { formatMoment } from "../../display/timestamps.ts";
import { plural } from "../../display/plural.ts";
import { askChange } from "../model/acting/changes.ts";
import { openPrompt } from "../model/dialogs/open_prompt.ts";
import { step } from "../model/events.ts";
import { openFilter, quoted } from "../model/list/window.ts";
import { rowOf, said, title } from "./rows.ts";
import type { View, ViewRow } from "./view.ts";

const TIME = 19;

export const suppressionsView: View<"suppressions"> = {
  title: "Suppressions",
  rows({ entries, matching, total }, { state, columns }) {
    const count = state.view?.query === "" ? String(total) : `${matching} of ${total}`;
    const room = columns - TIME - 6;
    return [
      title(`${count} ${plural(total, "address")}`.replace(/addresss$/, "addresses")),
      ...total === 0 ? [said("none: a puts an address on the list, i those of a file")] : [],
      ...entries.map(({ address, reason, createdAt }): ViewRow => ({
        key: address,
        line: rowOf(columns, [
          [address, Math.floor(room * 0.6)],
          [formatMoment(createdAt, state.now), TIME, { colour: "dim" }],
          [reason ?? "", null],
        ]),
      })),
      ...matching > entries.length
        ? [said(`… ${matching - entries.length} more: / finds them`)]
        : [],
    ];
  },
  open: (state, _, key) => openFilter(state, `to:${quoted(key)}`),
  commands: {
    filter_view: (state) => step(openPrompt(state, "view_filter", state.view?.query ?? "")),
    add_suppression: (state) => step(openPrompt(state, "suppress")),
    remove_suppression: (state, key) =>
      key === null ? step(state) : askChange(state, `Take ${key} off the do-not-send list?`, {
        kind: "unsuppress",
        addresses: [key],
      }),
    import_suppressions: (state) => step(openPrompt(state, "import")),
  },
};
