/** The address between the angle brackets of a MAIL or RCPT line. */
export function pathOf(line: string): string {
  // A quoted local part may hold ">".
  return /<((?:"(?:[^"\\]|\\.)*")?[^>]*)>/.exec(line)?.[1] ?? "";
}

/** `stuffed` without the first dot of the `dots` lines that begin with one. */
export function undouble(stuffed: Uint8Array, dots: number): Uint8Array {
  const data = new Uint8Array(stuffed.length - dots);
  let size = 0;
  for (let at = 0; at < stuffed.length;) {
    const lf = stuffed.indexOf(10, at);
    const next = lf < 0 ? stuffed.length : lf + 1;
    const line = stuffed.subarray(stuffed[at] === 46 ? at + 1 : at, next);
    data.set(line, size);
    size += line.length;
    at = next;
  }
  return data;
}

/** The message in what came after DATA, final dot and doubled dots taken away. */
export function contentOf(sent: Uint8Array): Uint8Array {
  const stuffed = sent.subarray(0, sent.length - 3);
  let dots = 0;
  for (let i = 0; i < stuffed.length; i++) {
    if (stuffed[i] === 46 && (i === 0 || stuffed[i - 1] === 10)) dots++;
  }
  return undouble(stuffed, dots);
}
