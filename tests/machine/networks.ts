import { childOk } from "../support/child.ts";
import { require } from "./requirements.ts";

const IP = "/usr/sbin/ip";

/** A machine of its own as far as the network goes: a namespace with a cable to this one. */
export interface Neighbour {
  readonly address: string;
  /** A command as it is run there. */
  command(...command: string[]): string[];
}

/** Other machines on this one's network, until disposed of. Needs root. */
export class Network implements AsyncDisposable {
  readonly neighbours: Neighbour[] = [];
  readonly #names: string[] = [];

  private constructor(readonly prefix: string) {}

  /** This machine's address for all of them. */
  get address(): string {
    return `${this.prefix}.1`;
  }

  static async make(count: number): Promise<Network> {
    require(IP);
    const [a = 0, b = 0] = crypto.getRandomValues(new Uint8Array(2));
    const network = new Network(`10.${a}.${b}`);
    try {
      for (let n = 0; n < count; n++) await network.#add(`mq${crypto.randomUUID().slice(0, 8)}`);
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
    return network;
  }

  /** A cable has a network of four addresses; this machine's first one is reached by every cable. */
  async #add(name: string): Promise<void> {
    const n = this.neighbours.length * 4;
    const [ours, theirs] = [`${this.prefix}.${n + 1}`, `${this.prefix}.${n + 2}`];
    await childOk([IP, "netns", "add", name]);
    this.#names.push(name);
    const within = [IP, "-n", name];
    for (
      const command of [
        [IP, "link", "add", `${name}h`, "type", "veth", "peer", "name", `${name}c`, "netns", name],
        [IP, "addr", "add", `${ours}/30`, "dev", `${name}h`],
        [IP, "link", "set", `${name}h`, "up"],
        [...within, "addr", "add", `${theirs}/30`, "dev", `${name}c`],
        [...within, "link", "set", `${name}c`, "up"],
        [...within, "route", "add", "default", "via", ours],
      ]
    ) await childOk(command);
    this.neighbours.push({
      address: theirs,
      command: (...command) => [IP, "netns", "exec", name, ...command],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The cable goes with its end.
    for (const name of this.#names) await childOk([IP, "netns", "del", name]);
  }
}
