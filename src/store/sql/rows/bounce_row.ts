// A row of the table `bounce`: what another host returned. The stores' reports/ and read/show.ts read it;
// reports/bounces.ts writes it.

import type { ReturnedMail } from "../../../queue/message.ts";
import type { Bounce } from "../../../queue/ports/bounces.ts";
import { number, text } from "../columns.ts";
import type { Row } from "../row.ts";

/** Whether the row tells the same of mail that was not sent again since. */
export function isSameBounce(row: Row, bounce: Bounce, sentAt: unknown): boolean {
  const { code, enhanced, reply } = bounce;
  return Number(row.at) >= Number(sentAt) && number(row.code) === code &&
    text(row.enhanced) === enhanced && text(row.reply) === reply;
}

export function toBounce(row: Row): ReturnedMail {
  return {
    at: Number(row.at),
    code: number(row.code),
    enhanced: text(row.enhanced),
    reply: text(row.reply),
    reporter: text(row.reporter),
  };
}
