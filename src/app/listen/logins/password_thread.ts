// The thread that checks passwords (users.ts): a good hash takes a tenth of a second of a processor,
// in which the listeners have others to serve.

import { compareSync } from "bcryptjs";
import { verify } from "unixcrypt";
import { answerQuestions } from "../../../system/thread.ts";

/** A password, and a hash of bcrypt or SHA-crypt. */
export interface PasswordQuestion {
  readonly password: string;
  readonly hash: string;
}

answerQuestions<PasswordQuestion, boolean>(({ password, hash }) =>
  Promise.resolve(hash.startsWith("$2") ? compareSync(password, hash) : verify(password, hash))
);
