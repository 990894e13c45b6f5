// deno bench tests/intake/prepare_bench.ts
import { LineEnds } from "../../src/intake/header/line_ends.ts";
import { prepareMessage } from "../../src/intake/prepare.ts";
import { bytesOf, intakeOptions } from "./intake_options.ts";

const HEADER = [
  "Return-Path: <joe@example.org>",
  "Received: from a.example by b.example; Sun, 22 Nov 2026 12:00:00 +0000",
  "From: Joe Bloggs <joe@example.org>",
  "To: Ann <ann@example.com>, bob@example.net",
  "Subject: Weekly report",
  "Date: Sun, 22 Nov 2026 12:00:00 +0000",
  "Message-ID: <1@example.org>",
  "MIME-Version: 1.0",
  "Content-Type: text/plain; charset=utf-8",
  "",
];
const mail = [...HEADER, ...Array.from({ length: 24 }, () => "x".repeat(70)), ""];
const options = intakeOptions({ to: [] });

for (const [name, lineEnd] of [["CRLF", "\r\n"], ["LF", "\n"]] as const) {
  const small = bytesOf(mail.join(lineEnd));
  Deno.bench(`prepareMessage, 2 KB, ${name}`, async () => {
    await prepareMessage(small, options);
  });
  const large = bytesOf(("y".repeat(76) + lineEnd).repeat(13_500));
  Deno.bench(`LineEnds, ${large.length} bytes, ${name}`, () => {
    new LineEnds().push(large, true);
  });
}
