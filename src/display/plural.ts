// The plural of a plain English noun, for texts that count: "1 message", "2 messages". Called by
// whatever prints counts; which texts there are is their callers' matter.

/** The word as it stands behind the count. */
export function plural(count: number, word: string): string {
  return count === 1 ? word : `${word}s`;
}
