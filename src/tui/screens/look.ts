// What styles look like, for all components below the screen. Given by screen.tsx, used by words.tsx and
// message/preview.tsx.

import { createContext } from "react";
import { readOwnColours } from "../own/colours.ts";
import type { Look } from "./paint.ts";

export const LookContext = createContext<Look>({ isColoured: true, codes: readOwnColours(null) });
