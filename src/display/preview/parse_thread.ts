// The thread in which mails are taken apart: previewer.ts starts it, asks one mail at a time and
// ends it where it takes too long. The work itself is in parse.ts.

import { answerQuestions } from "../../system/thread.ts";
import { parsePreview } from "./parse.ts";

answerQuestions(parsePreview);
