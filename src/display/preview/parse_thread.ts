// The thread in which mails are taken apart: previewer.ts starts it, asks one mail at a time and
// ends it where it takes too long. The work itself is in parse.ts.

import { answerQuestions } from "../../system/thread.ts";
import { parseAttachment, parsePreview } from "./parse.ts";
import type { AttachmentRequest, Preview, PreviewRequest } from "./preview.ts";

function answer(request: PreviewRequest | AttachmentRequest): Promise<Preview | Uint8Array> {
  return "attachment" in request ? parseAttachment(request) : parsePreview(request);
}

answerQuestions(answer);
