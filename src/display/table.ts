// Lays out tables: widths by a sample of rows, columns left out where there is no room. Called by
// the commands that list; the screen lays out its own list. It makes every cell safe to show.

import { sanitise } from "./sanitise.ts";
import { cutText, loadMeasure, type Measure, padText } from "./width.ts";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Columns it keeps when the table is made to fit. Default: the title's, at most 4. */
  readonly min?: number;
  /** Columns it never goes beyond on a terminal. */
  readonly max?: number;
  /** Where the table cannot fit, columns are left out, the highest rank first; 0 stays. */
  readonly rank?: number;
}

/** A cell's text (made safe here, so nobody can forget) and what is put around it once it has
 *  been cut and filled up, such as a colour. */
export type Cell = string | { readonly text: string; readonly style: (text: string) => string };

export interface Table {
  readonly header: string;
  /** Lays out rows, each with a cell for every column that was given. */
  lines(rows: readonly (readonly Cell[])[]): Promise<string[]>;
}

const GAP = "  ";

/** Fixes the widths of a table by a sample of its rows, so that any number of rows can follow
 *  in pieces. `width` is the terminal's, which no line exceeds; null = no terminal: nothing is
 *  cut, and a cell wider than the sample's pushes its line out. */
export async function layOutTable(
  columns: readonly Column[],
  sample: readonly (readonly Cell[])[],
  width: number | null,
): Promise<Table> {
  const safe = sample.map(safeRow);
  const measure = await measureFor(columns, safe);
  const natural = columns.map((column, i) => {
    const widest = safe.reduce(
      (most, row) => Math.max(most, measure(row[i]?.text ?? "")),
      measure(column.title),
    );
    return width === null ? widest : Math.min(widest, column.max ?? width, width);
  });
  const shown = width === null
    ? natural.map((columns, index) => ({ index, columns }))
    : fitColumns(columns, natural, width);
  return {
    header: layOutRow(
      columns,
      shown,
      columns.map(({ title }) => ({ text: title, style: null })),
      width,
      measure,
    ),
    async lines(rows) {
      const safe = rows.map(safeRow);
      const measure = await measureFor(columns, safe);
      return safe.map((row) => layOutRow(columns, shown, row, width, measure));
    },
  };
}

/** A whole table in one go, header first. */
export async function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number | null,
): Promise<string[]> {
  const table = await layOutTable(columns, rows, width);
  return [table.header, ...await table.lines(rows)];
}

/** A column that is shown, and its width. */
interface Shown {
  readonly index: number;
  readonly columns: number;
}

function fitColumns(
  columns: readonly Column[],
  natural: readonly number[],
  width: number,
): Shown[] {
  const least = (index: number) =>
    Math.min(
      natural[index] ?? 0,
      columns[index]?.min ?? Math.min(4, columns[index]?.title.length ?? 0),
    );
  let shown = natural.map((columns, index) => ({ index, columns }));
  const total = (widthOf: (column: Shown) => number) =>
    shown.reduce((sum, column) => sum + widthOf(column), GAP.length * (shown.length - 1));
  const rankOf = ({ index }: Shown) => columns[index]?.rank ?? 0;

  while (total(({ index }) => least(index)) > width) {
    const highest = Math.max(...shown.map(rankOf));
    if (highest <= 0) break;
    const last = shown.findLast((column) => rankOf(column) === highest);
    shown = shown.filter((column) => column !== last);
  }
  for (let excess = total(({ columns }) => columns) - width; excess > 0; excess--) {
    const widest = shown.reduce<Shown | null>(
      (best, column) =>
        column.columns > least(column.index) && column.columns > (best?.columns ?? 0)
          ? column
          : best,
      null,
    );
    if (widest === null) break;
    shown = shown.map((column) =>
      column === widest ? { ...column, columns: column.columns - 1 } : column
    );
  }
  return shown;
}

function layOutRow(
  columns: readonly Column[],
  shown: readonly Shown[],
  row: readonly SafeCell[],
  width: number | null,
  measure: Measure,
): string {
  let line = "";
  let left = width ?? Infinity;
  for (const [place, { index, columns: wanted }] of shown.entries()) {
    const { text: whole, style } = row[index] ?? { text: "", style: null };
    const gap = place === 0 ? "" : GAP;
    // Where even the least widths do not fit, the line ends at the terminal's edge.
    const room = Math.min(wanted, left - gap.length);
    if (room <= 0) break;
    const text = width === null ? whole : cutText(whole, room, measure);
    const align = columns[index]?.align ?? "left";
    const isLast = place === shown.length - 1;
    const padded = isLast && align === "left" ? text : padText(text, room, measure, align);
    line += gap + (style === null ? padded : styleText(style, text, padded));
    left -= gap.length + room;
  }
  return line.trimEnd();
}

/** Styles the text and leaves the blanks beside it plain. */
function styleText(style: (text: string) => string, text: string, padded: string): string {
  return padded.startsWith(text)
    ? style(text) + padded.slice(text.length)
    : padded.slice(0, padded.length - text.length) + style(text);
}

/** A cell that a terminal may see. */
interface SafeCell {
  readonly text: string;
  readonly style: ((text: string) => string) | null;
}

function safeRow(row: readonly Cell[]): SafeCell[] {
  return row.map((cell) =>
    typeof cell === "string"
      ? { text: sanitise(cell), style: null }
      : { text: sanitise(cell.text), style: cell.style }
  );
}

function measureFor(
  columns: readonly Column[],
  rows: readonly (readonly SafeCell[])[],
): Promise<Measure> {
  const titles = columns.map(({ title }) => title);
  return loadMeasure([...titles, ...rows.flatMap((row) => row.map(({ text }) => text))]);
}
