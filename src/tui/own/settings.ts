// How an operator wants the screen, as the settings of [tui] say it. keys.ts and colours.ts beside this
// file read what was written; where settings come from is src/config's matter.

export interface TuiSettings {
  /** Words such as `retry=t`; null = none. */
  readonly keys: string | null;
  /** Words such as `red=magenta`; null = none. */
  readonly colours: string | null;
  readonly hasMouse: boolean;
}
