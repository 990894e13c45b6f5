// A chart of counts over time, made of block characters. Called by the statistics; what is counted is the
// store's matter. Pure.

import type { Style } from "../screens/line.ts";
import type { ViewRow } from "./view.ts";

const EIGHTHS = " ▁▂▃▄▅▆▇█";

/** What is drawn. */
interface Chart {
  readonly name: string;
  readonly counts: readonly number[];
  /** Text rows that the highest column takes. */
  readonly height: number;
  /** Columns of each count; one of them parts it from the next where there are several. */
  readonly width: number;
  readonly style: Style;
}

/** The highest count has the whole height, and stands beside the top; whatever is not nothing is seen. */
export function chartRows({ name, counts, height, width, style }: Chart): ViewRow[] {
  const most = Math.max(1, ...counts);
  const eighths = counts.map((count) =>
    count === 0 ? 0 : Math.max(1, Math.round((count / most) * height * 8))
  );
  return Array.from({ length: height }, (_, row): ViewRow => {
    const below = (height - 1 - row) * 8;
    const bars = eighths.map((all) => {
      const part = EIGHTHS[Math.max(0, Math.min(8, all - below))] ?? " ";
      return part.repeat(Math.max(1, width - 1)) + (width > 1 ? " " : "");
    });
    const scale = row === 0 ? ` ${name.padEnd(6)}${String(Math.max(...counts)).padStart(7)}` : "";
    return {
      line: [
        { text: scale.padEnd(SCALE), style: { colour: "dim" } },
        { text: " " },
        { text: bars.join(""), style },
      ],
    };
  });
}

/** Columns of the name and the number at the left. */
export const SCALE = 14;
