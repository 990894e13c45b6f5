// What the machine calls itself. settings.ts asks where the settings name no host; nothing is looked up
// before it is asked for.

/** What a machine calls itself, whatever it is called in mail; looked up when it is asked for. */
export interface MachineName {
  /** Up to the first dot, such as `web1`. */
  readonly host: string;
  /** As `hostname -f` tells it, such as `web1.example.org`; the same as the system's name where none
   *  with a dot is known. */
  readonly full: string;
}

/** What the names are read from. */
interface System {
  readonly readFile: (path: string) => string;
  readonly systemHostname: () => string;
}

/** The machine's names: as the system has it, completed by /etc/hosts or the domain of
 *  /etc/resolv.conf. No server is asked: mail has to be taken without a network, too. */
export class Machine implements MachineName {
  #name: string | null = null;
  #full: string | null = null;

  constructor(readonly system: System) {}

  get host(): string {
    this.#name ??= this.system.systemHostname();
    return this.#name.split(".", 1)[0] ?? "";
  }

  get full(): string {
    return this.#full ??= this.#lookUp(this.host, this.#name ?? "");
  }

  #lookUp(host: string, name: string): string {
    if (name !== host) return name;
    let isListed = false;
    for (const [, ...names] of this.#linesOf("/etc/hosts")) {
      if (!names.includes(host)) continue;
      isListed = true;
      const full = names.find((one) => one.startsWith(`${host}.`) && !one.endsWith("."));
      if (full !== undefined && full !== `${host}.localdomain`) return full;
    }
    // A machine that knows itself without a domain, such as a container, has none.
    if (isListed) return name;
    const lines = this.#linesOf("/etc/resolv.conf");
    const [, domain = "."] = lines.find(([key]) => key === "domain") ??
      lines.find(([key]) => key === "search") ?? [];
    return /^[\w-]+(\.[\w-]+)*$/.test(domain) ? `${host}.${domain}` : name;
  }

  #linesOf(path: string): string[][] {
    try {
      return this.system.readFile(path).split("\n")
        .map((line) => line.replace(/#.*/, "").trim().split(/\s+/));
    } catch {
      return [];
    }
  }
}
