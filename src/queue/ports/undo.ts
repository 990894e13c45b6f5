// Taking back what a person did to mail, as long as nothing of it was sent. The screen asks for it
// (`Operator.undo`). What is remembered ends with the connection.

export interface Undo {
  /** Begins anew: the action before cannot be taken back any more. */
  forget(): Promise<void>;
  /** Notes what these messages are like before an action on them. */
  remember(ids: readonly string[]): Promise<void>;
  /** Notes what they are like after it. */
  note(ids: readonly string[]): Promise<void>;
  /** The messages that the action has changed. */
  touched(): Promise<string[]>;
  /** Puts each of them back to what it was before, if nothing else has happened to it since: a message
   *  that a worker has claimed, or that somebody has changed, is left alone. */
  takeBack(): Promise<TakenBack>;
}

export interface TakenBack {
  readonly restored: number;
  /** Messages that something has happened to since. */
  readonly left: number;
}
