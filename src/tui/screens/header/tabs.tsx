// The second row at the top: the views by their digits, the one that is open instead, the filter, and
// how many match. Part of header.tsx.

import { markedCount } from "../../model/list/marks.ts";
import { type State, VIEWS } from "../../model/state.ts";
import { viewOf } from "../../views/views.ts";
import { lineWidth, type Span } from "../line.ts";
import { Styled, Words } from "../words.tsx";

/** The views; where the filter wants room the names of those that are not open are not needed. */
export function Tabs({ state }: { readonly state: State }) {
  const { list, size, screen } = state;
  const filter = screen === "view" ? "" : list.filterText;
  const names = tabs(state, { isShort: false });
  const wanted = lineWidth(names) + (filter === "" ? 0 : Math.min(filter.length, 40) + 3) +
    totalText(state).length;
  return (
    <Styled
      line={[
        ...wanted <= size.columns ? names : tabs(state, { isShort: true }),
        ...filter === "" ? [] : [
          { text: " / ", style: { colour: "cyan" } } as const,
          { text: filter, style: { colour: "cyan", isBold: true } } as const,
        ],
      ]}
    />
  );
}

function tabs(
  { list, screen, view }: State,
  { isShort }: { readonly isShort: boolean },
): readonly Span[] {
  const isOpen = (i: number) =>
    screen === "view" ? i === 0 && view?.name === "problems" : i === list.view + 1;
  return [
    { text: " " },
    ...["Problems", ...VIEWS.map(({ name }) => name)].flatMap((name, i): Span[] => [
      isOpen(i)
        ? { text: `[${i}]${name}`, style: { isBold: true } }
        : { text: isShort ? String(i) : `${i} ${name}`, style: { colour: "dim" } },
      { text: " " },
    ]),
    ...screen === "view" && view !== null && view.name !== "problems"
      ? [{ text: ` [${viewOf(view.name).title}] `, style: { isBold: true } }]
      : [],
  ];
}

/** `12/200k`: those that match and all. */
export function Total({ state }: { readonly state: State }) {
  return <Words>{totalText(state)}</Words>;
}

function totalText({ list, status, screen }: State): string {
  if (status === null || screen === "view") return "";
  const all = status.queued + status.sending + status.deferred + status.sent + status.partial +
    status.failed + status.held + status.cancelled + status.suppressed + status.scheduled;
  const marked = markedCount(list);
  const sort = list.sort === "newest" && !list.isReversed
    ? ""
    : `by ${list.sort}${list.isReversed ? " ↑" : ""}  `;
  const text = `${marked === 0 ? "" : ` ${sort}`}${list.total ?? "…"}/${short(all)} `;
  return marked === 0 ? ` ${sort}${text}` : text;
}

/** A count in four characters: `200k`. */
function short(count: number): string {
  if (count < 10_000) return String(count);
  return count < 10_000_000 ? `${Math.floor(count / 1_000)}k` : `${Math.floor(count / 1e6)}M`;
}
