// What runs in the thread of opener.ts: opens a file, however long its owner makes that take, and keeps
// it open until it is told to close it.

import { answerQuestions } from "../../system/thread.ts";

/** What the thread is asked; answered with null. */
export type OpenQuestion =
  /** Open the file, and keep it open. */
  | { readonly kind: "open"; readonly path: string }
  /** Close what is open. */
  | { readonly kind: "close" };

let file: Deno.FsFile | null = null;

answerQuestions<OpenQuestion, null>((question) => {
  file?.close();
  file = null;
  if (question.kind === "open") file = Deno.openSync(question.path);
  return Promise.resolve(null);
});
