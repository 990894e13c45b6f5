// Finds the name that was probably meant by a wrong one. Called where a complaint about an unknown
// name is made; which names there are, the caller says.

/** The name among `candidates` that was probably meant by `name`: a slip of a few letters, the
 *  wrong case or separator, or the right name without its table. Null where none is near. */
export function suggestName(name: string, candidates: Iterable<string>): string | null {
  const meant = normalise(name);
  let best: string | null = null;
  let bestDistance = meant.length < 5 ? 2 : Math.min(4, Math.ceil(meant.length / 3) + 1);
  for (const candidate of candidates) {
    const full = normalise(candidate);
    const distance = full.endsWith(`_${meant}`) || meant.endsWith(`_${full}`)
      ? 1
      : Math.min(editDistance(meant, full), sharesStart(meant, full) ? 3 : Infinity);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function sharesStart(a: string, b: string): boolean {
  return Math.min(a.length, b.length) > 3 && (a.startsWith(b) || b.startsWith(a));
}

function normalise(name: string): string {
  return name.toLowerCase().replace(/[.-]/g, "_");
}

/** Letters to insert, drop, change or swap with their neighbour to turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let cost = Math.min(
        (above[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (above[j - 1] ?? 0) + (isSame ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    [before, above] = [above, row];
  }
  return above[b.length] ?? 0;
}
