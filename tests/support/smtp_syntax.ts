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
