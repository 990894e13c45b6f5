// Shows a mail that could not be taken apart as it is: its header's fields and all below as text.
// Called by previewer.ts where the thread gives up. Making it safe is left to whoever shows it.

import type { Preview, PreviewLimits } from "./preview.ts";

/** What can be shown of a mail that could not be taken apart: the fields of its header as they
 *  are, and everything below as text. */
export function barePreview(
  bytes: Uint8Array,
  how: { readonly isCut: boolean; readonly limits: PreviewLimits; readonly failure: string },
): Preview {
  const { maxChars, maxHeaders } = how.limits;
  const all = new TextDecoder().decode(bytes).replaceAll("\r\n", "\n");
  const end = all.startsWith("\n") ? 0 : all.indexOf("\n\n");
  const header = end < 0 ? all : all.slice(0, end);
  const text = end < 0 ? "" : all.slice(end).replace(/^\n+/, "");
  const headers: (readonly [string, string])[] = [];
  let from = 0;
  while (from < header.length && headers.length < maxHeaders) {
    const next = fieldEnd(header, from);
    const line = header.slice(from, next);
    const colon = line.indexOf(":");
    if (colon > 0) {
      const value = line.slice(colon + 1).replace(/\n[ \t]*/g, " ").trim();
      headers.push([line.slice(0, colon).trim(), value.slice(0, maxChars)]);
    }
    from = next + 1;
  }
  return {
    headers,
    text: text === "" ? null : text.slice(0, maxChars),
    html: null,
    attachments: [],
    isCut: how.isCut || from < header.length || text.length > maxChars,
    failure: how.failure,
  };
}

/** Where the field that begins here ends, its continuation lines included. */
function fieldEnd(header: string, from: number): number {
  for (let at = header.indexOf("\n", from); at >= 0; at = header.indexOf("\n", at + 1)) {
    const next = header[at + 1];
    if (next !== " " && next !== "\t") return at;
  }
  return header.length;
}
