// When a round claims mail: where one pass (`mailq send`) and the rounds of the service differ.
// Made by `pass.ts` and by `service.ts`; the claimer asks it.

export interface Pace {
  /** Leaves out what this worker has tried before. */
  readonly onlyUntried: boolean;
  /** Asked before each claim: once it says no, the round ends when what is in hand is done. */
  mayClaim(): boolean;
  /** Called while only hand-overs keep the round going: resolves to true once there may be more to
   *  claim, to false at `signal`; never rejects. Absent: nothing more is claimed meanwhile. */
  moreToClaim?(wanted: MoreToClaim): Promise<boolean>;
}

export interface MoreToClaim {
  readonly signal: AbortSignal;
  /** `mayClaim` has said no. */
  readonly isCutShort: boolean;
}
