// Says who gets the mail of the local names of this machine: by the aliases, else the administrator,
// else name@hostname. Loaded by envelope.ts and header/mend.ts when a local name is met, so that plain mail
// reads no file; `newaliases` checks the file by it. The file's text is parse.ts's, the ways through it are expand.ts's.

import { domainOf } from "../../queue/domain.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import { addressError, isAddress, quoted } from "../address/address_syntax.ts";
import type { ListedAddress } from "../address/addresses.ts";
import type { IntakeSettings, LocalNames } from "../options.ts";
import type { AliasEnd, Expansion } from "./expand.ts";
import type { Aliases, AliasProblem } from "./parse.ts";

/** Who gets the mail of one local name. */
interface LocalMail {
  /** At least one; each with the way to it, such as `root → adm → ops@example.org`. */
  readonly ends: readonly { readonly address: string; readonly way: string }[];
  /** What went wrong on the way, a sentence each, and each told only once. */
  readonly warnings: readonly string[];
}

/** The settings by which local names are read. */
type LocalSettings = Pick<IntakeSettings, "adminAddress" | "hostname" | "local">;

/** Who gets the mail of `listed`, be it a bare name or an address; null if that is no address of this
 *  machine. Throws `bad_address` for a name that no address can be made of. */
export async function localMail(
  listed: ListedAddress,
  settings: LocalSettings,
): Promise<LocalMail | null> {
  const known = await knownNames(settings);
  const name = listed.isLocal ? listed.address : known.localPart(listed.address);
  if (name === null) return null;
  const { ends, problems } = known.expand(name);
  const path = settings.local?.aliasesPath;
  const warnings = problems.map(({ line, text }) => `${path}:${line}: ${text}`);
  const isUnchanged = ends.length === 1 && ends[0]?.way.length === 1 &&
    settings.adminAddress === null && !listed.isLocal && hasFullDomain(listed.address);
  return {
    ends: isUnchanged
      ? [{ address: listed.address, way: listed.address }]
      : ends.map((end) => finalEnd(end, settings)),
    warnings: [...known.takeTrouble(), ...known.untold(warnings)],
  };
}

/** The one address that the aliases have for a local name; null if they have none, or several. */
export async function aliasOf(name: string, settings: LocalSettings): Promise<string | null> {
  const { ends } = (await knownNames(settings)).expand(name);
  const [only] = ends;
  return ends.length === 1 && only?.isLocal === false ? only.target : null;
}

/** All that is wrong in the aliases, by line, and how many names they have; null where there is no
 *  file and need be none. Throws `input_unreadable`. */
export async function checkAliases(
  settings: LocalSettings,
): Promise<{ readonly names: number; readonly problems: readonly AliasProblem[] } | null> {
  const known = await knownNames(settings);
  for (const trouble of known.takeTrouble()) throw new MailqError("input_unreadable", trouble);
  if (known.aliases === null) return null;
  const { entries, problems } = known.aliases;
  const all = new Map(problems.map((problem) => [problem.text, problem]));
  for (const name of entries.keys()) {
    for (const problem of known.expand(name).problems) all.set(problem.text, problem);
  }
  return {
    names: entries.size,
    problems: [...all.values()].toSorted((one, other) => one.line - other.line),
  };
}

function finalEnd({ target, isLocal, way }: AliasEnd, settings: LocalSettings) {
  const address = isLocal ? administrator(settings) ?? withHost(target, settings) : target;
  return { address, way: [...way, ...isLocal ? [address] : []].join(" → ") };
}

function administrator({ adminAddress }: LocalSettings): string | null {
  if (adminAddress === null || isAddress(adminAddress)) return adminAddress;
  throw addressError(
    adminAddress,
    "admin_address",
    "expected one address, such as name@example.org",
  );
}

function withHost(name: string, { hostname }: LocalSettings): string {
  for (const local of [name, `"${name.replace(/["\\]/g, "\\$&")}"`]) {
    if (isAddress(`${local}@${hostname}`)) return `${local}@${hostname}`;
  }
  throw addressError(`${name}@${hostname}`, "the envelope", "hostname is not the name of a host");
}

/** Such a domain leads here from elsewhere too. */
function hasFullDomain(address: string): boolean {
  const domain = domainOf(address);
  return domain.includes(".") && domain !== "localhost.localdomain";
}

/** What is known of this machine's names, read once for the mail of a call. */
class KnownNames {
  readonly #told = new Set<string>();
  #trouble: string | null;

  constructor(
    readonly local: LocalNames | null,
    readonly fullNames: ReadonlySet<string>,
    readonly aliases: Aliases | null,
    trouble: string | null,
    /** Null where every name of this machine is a local one. */
    readonly accounts: ReadonlySet<string> | null,
    readonly follow: typeof import("./expand.ts")["expandAlias"] | null,
  ) {
    this.#trouble = trouble;
  }

  /** The local name of an address of this machine; null for an address elsewhere. */
  readonly localPart = (address: string): string | null => {
    const domain = domainOf(address);
    const name = unquoted(address.slice(0, address.lastIndexOf("@")));
    if (domain === "localhost" || domain === "localhost.localdomain") return name;
    if (domain === this.local?.host.toLowerCase()) return name;
    if (!this.fullNames.has(domain)) return null;
    const key = name.toLowerCase();
    const isLocal = this.accounts === null || this.accounts.has(key) ||
      this.aliases?.entries.has(key);
    return isLocal ? name : null;
  };

  expand(name: string): Expansion {
    if (this.aliases !== null && this.follow !== null) {
      return this.follow(this.aliases, name, this.localPart);
    }
    return { ends: [{ target: name, isLocal: true, way: [name] }], problems: [] };
  }

  *takeTrouble(): Generator<string> {
    if (this.#trouble !== null) yield this.#trouble;
    this.#trouble = null;
  }

  untold(warnings: readonly string[]): string[] {
    const left = warnings.filter((warning) => !this.#told.has(warning));
    for (const warning of left) this.#told.add(warning);
    return left;
  }
}

const KNOWN = new WeakMap<LocalNames, Promise<KnownNames>>();

function knownNames(settings: LocalSettings): Promise<KnownNames> {
  const { local } = settings;
  if (local === null) {
    return Promise.resolve(new KnownNames(null, new Set(), null, null, null, null));
  }
  const known = KNOWN.get(local) ?? readNames(local, settings.hostname);
  KNOWN.set(local, known);
  return known;
}

async function readNames(local: LocalNames, hostname: string): Promise<KnownNames> {
  let text: string | null = null;
  let trouble: string | null = null;
  try {
    text = local.readAliases();
  } catch (error) {
    trouble = `Cannot read the aliases ${quoted(local.aliasesPath)}: ${errorText(error)}; ` +
      "mail goes as if there were none";
  }
  // `hostname` may be the domain that mail comes from: it is this machine's only if it begins so.
  const fullNames = new Set(
    [local.fullName, hostname].map((name) => name.toLowerCase())
      .filter((name) => name.startsWith(`${local.host.toLowerCase()}.`)),
  );
  // A name such as example.org may be that of a mail domain, whose people read their mail elsewhere.
  const isShort = [...fullNames].some((name) => name.split(".").length === 2);
  const accounts = isShort ? await local.systemAccounts() : null;
  if (text === null) return new KnownNames(local, fullNames, null, trouble, accounts, null);
  const { parseAliases }: typeof import("./parse.ts") = await import(
    import.meta.resolve("./parse.ts")
  );
  const { expandAlias }: typeof import("./expand.ts") = await import(
    import.meta.resolve("./expand.ts")
  );
  return new KnownNames(local, fullNames, parseAliases(text), trouble, accounts, expandAlias);
}

function unquoted(localPart: string): string {
  const inner = /^"(.*)"$/s.exec(localPart)?.[1];
  return inner === undefined ? localPart : inner.replace(/\\(.)/gs, "$1");
}
