// The thread in which mails are taken apart: previewer.ts starts it, asks one mail at a time and
// ends it where it takes too long. The work itself is in parse.ts.

import { errorText } from "../../queue/errors.ts";
import { parsePreview } from "./parse.ts";
import type { PreviewAnswer, PreviewRequest } from "./preview.ts";

/** The part of a thread's global scope that is used here; the type checker knows only windows. */
interface ThreadScope {
  onmessage: (event: MessageEvent<PreviewRequest>) => void;
  postMessage(answer: PreviewAnswer): void;
}

// This module is only ever loaded as a thread's.
const scope = globalThis as unknown as ThreadScope;

scope.onmessage = async ({ data }) => {
  try {
    scope.postMessage({ preview: await parsePreview(data) });
  } catch (error) {
    scope.postMessage({ failure: errorText(error) });
  }
};
