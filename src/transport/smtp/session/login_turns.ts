// What the connections of one relay know together of its login: the mechanisms refused so far, the
// one that worked, and whose turn it is to find out. `log_in.ts` asks. It keeps a wrong password
// from being tried by ten connections at once: servers lock accounts for that.

import type { Mechanism } from "./mechanisms.ts";
import { Refusal } from "./session.ts";

/** The logins of one relay. */
export class LoginTurns {
  #secret: string | null = null;
  #proven: Mechanism | null = null;
  readonly #refused = new Set<Mechanism>();
  #first: Promise<Mechanism> | null = null;

  /** Logs in by `work`, which tells the mechanism that worked. It gets the one that has worked with
   *  this secret before, and those refused so far, to which it adds. Until a secret has worked, one
   *  login is under way at a time. The others wait for it: where it is refused they are refused with
   *  it, untried; where its connection broke the next one goes on with what is left. Later calls
   *  begin anew. */
  async take(
    secret: string,
    work: (proven: Mechanism | null, refused: Set<Mechanism>) => Promise<Mechanism>,
  ): Promise<void> {
    while (this.#first !== null) await this.#first.catch(rethrowRefusal);
    if (this.#secret !== secret) {
      this.#secret = secret;
      this.#proven = null;
      this.#refused.clear();
    }
    const working = work(this.#proven, this.#refused);
    if (this.#proven === null) this.#first = working;
    try {
      const mechanism = await working;
      if (this.#secret === secret) this.#proven = mechanism;
      this.#refused.clear();
    } catch (error) {
      if (error instanceof Refusal) this.#refused.clear();
      throw error;
    } finally {
      if (this.#first === working) this.#first = null;
    }
  }
}

function rethrowRefusal(error: unknown): void {
  if (error instanceof Refusal) throw error;
}
