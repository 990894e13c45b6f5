// A 5xx that no row of refusals.ts knows: is it the message's fault, or does the relay refuse us all?
// What happens to other mail tells. Until then the refused messages wait under a suspicion against
// the relay. Pure: delivery asks, the store keeps suspicions from one process to the next.

/** A message that was refused so. */
export interface Suspect {
  readonly seq: number;
  /** The refused recipients' numbers in the message. */
  readonly recipients: readonly number[];
  readonly addresses: readonly string[];
  /** How often it was refused so. */
  readonly times: number;
}

/** Messages that one relay refused with the same reply (`refusalKey`), none taken in between. */
export interface Suspicion {
  readonly key: string;
  /** The last such reply, as it was. */
  readonly text: string;
  /** Ms since 1970. */
  readonly since: number;
  readonly suspects: readonly Suspect[];
}

/** So many messages in a row, to so many recipients, and it is the relay that refuses. */
const PROOF = 5;
/** A message that is refused so often while nothing else is sent is at fault itself. */
const REFUSALS_OF_ONE = 3;

/** The suspicion with one more refusal. */
export function withSuspect(
  suspicion: Suspicion | null,
  refused: {
    readonly key: string;
    readonly text: string;
    readonly suspect: Omit<Suspect, "times">;
  },
  now: number,
): Suspicion {
  const { key, text, suspect } = refused;
  const earlier = suspicion?.suspects.find(({ seq }) => seq === suspect.seq);
  const others = suspicion?.suspects.filter(({ seq }) => seq !== suspect.seq) ?? [];
  return {
    key,
    text,
    since: suspicion?.since ?? now,
    suspects: [...others, { ...suspect, times: (earlier?.times ?? 0) + 1 }],
  };
}

/** Whether it is the relay that refuses, whatever the mail. */
export function isProof({ suspects }: Suspicion): boolean {
  return suspects.length >= PROOF &&
    new Set(suspects.flatMap(({ addresses }) => addresses)).size >= PROOF;
}

/** Whether this message has been refused so often that one more refusal is its own. */
export function isOwnFault(suspicion: Suspicion | null, seq: number): boolean {
  const times = suspicion?.suspects.find((suspect) => suspect.seq === seq)?.times ?? 0;
  return times + 1 >= REFUSALS_OF_ONE;
}
