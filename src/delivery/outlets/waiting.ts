// The claims in hand for one relay, which wait for a connection of it. The claimer puts them in,
// the round takes them out in order.

import type { Claim } from "../../queue/claim.ts";

/** A claim that is not to be started before a time. */
interface Later {
  readonly claim: Claim;
  /** Ms since 1970. */
  readonly at: number;
}

/** The claims that wait for a connection, the next one first. */
export class Waiting {
  #claims: Claim[] = [];
  #later: Later[] = [];
  #bytes = 0;

  get length(): number {
    return this.#claims.length + this.#later.length;
  }

  /** Whether a claim may be started now. */
  get isReady(): boolean {
    return this.#claims.length > 0;
  }

  /** When the first of those that are to wait may be started; null where none is. */
  get readyAt(): number | null {
    if (this.#later.length === 0) return null;
    return Math.min(...this.#later.map(({ at }) => at));
  }

  /** The bytes that came with them. */
  get bytes(): number {
    return this.#bytes;
  }

  push(claim: Claim): void {
    this.#claims.push(claim);
    this.#bytes += bytesOf(claim);
  }

  /** Puts a claim back to the front. */
  unshift(claim: Claim): void {
    this.#claims.unshift(claim);
    this.#bytes += bytesOf(claim);
  }

  /** Puts a claim in that is not to be started before `at`. */
  delay(claim: Claim, at: number): void {
    this.#later.push({ claim, at });
    this.#bytes += bytesOf(claim);
  }

  /** Puts those to the back whose time has come: another message may be taken where one was not. */
  ripen(now: number): void {
    if (this.#later.length === 0) return;
    const ripe = this.#later.filter(({ at }) => at <= now);
    if (ripe.length === 0) return;
    this.#later = this.#later.filter(({ at }) => at > now);
    this.#claims.push(...ripe.map(({ claim }) => claim));
  }

  shift(): Claim | undefined {
    const claim = this.#claims.shift();
    if (claim !== undefined) this.#bytes -= bytesOf(claim);
    return claim;
  }

  takeAll(): Claim[] {
    const claims = [...this.#claims, ...this.#later.map(({ claim }) => claim)];
    this.#claims = [];
    this.#later = [];
    this.#bytes = 0;
    return claims;
  }
}

function bytesOf({ content }: Claim): number {
  return content?.length ?? 0;
}
