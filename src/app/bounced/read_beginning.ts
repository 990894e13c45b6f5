// Reads as much of a mail as tells why it came back: its beginning. The command `bounced`, Maildirs and
// the listener read by it.

import type { Input } from "../../intake/sources/files.ts";

/** All bytes of a mail, or the first megabyte of a larger one. Throws `input_unreadable`. */
export async function readBeginning(input: Input): Promise<Uint8Array> {
  const bytes = input.read();
  if (bytes.kind === "whole") return bytes.bytes;
  try {
    // What is not read of a pipe would kill its writer.
    if (input.name === "-") { for await (const _ of bytes.rest); }
    return bytes.head;
  } finally {
    bytes.close();
  }
}
