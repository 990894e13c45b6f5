// A row that can be chosen, all of it inverse where it is. Part of palette.tsx and attachments.tsx,
// which know which one is chosen.

import { fill } from "../../measure.ts";
import { Words } from "../words.tsx";

interface ChoiceProps {
  readonly isChosen: boolean;
  readonly columns: number;
  readonly children: string;
}

export function Choice({ isChosen, columns, children }: ChoiceProps) {
  return <Words isInverse={isChosen}>{fill(`${isChosen ? "▸" : " "} ${children}`, columns)}</Words>;
}
