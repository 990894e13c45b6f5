import { loadSettings, type Purpose } from "../../src/config/load.ts";
import type { Settings } from "../../src/config/settings.ts";

/** A machine that is not there: what it holds, and what is asked of it. */
export interface FakeMachine {
  readonly files?: Readonly<Record<string, string>>;
  /** Paths whose reading throws an error of this name. */
  readonly broken?: Readonly<Record<string, string>>;
  readonly folders?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly configFile?: string;
  readonly isRoot?: boolean;
  readonly purpose?: Purpose;
  readonly hostname?: string;
}

/** Loads the settings on a fake machine whose user is at home in /home/u. */
export function load(machine: FakeMachine): Promise<Settings> {
  const { files = {}, broken = {}, folders = [] } = machine;
  return loadSettings({
    env: { HOME: "/home/u", ...machine.env },
    flags: machine.flags ?? {},
    configFile: machine.configFile ?? null,
    isRoot: machine.isRoot ?? false,
    purpose: machine.purpose ?? "all",
    isFolder: (path) => folders.includes(path),
    systemHostname: () => machine.hostname ?? "host.test",
    readFile(path) {
      const name = broken[path] ?? (Object.hasOwn(files, path) ? null : "NotFound");
      if (name !== null) throw Object.assign(new Error(`no ${path}`), { name });
      return files[path] ?? "";
    },
  });
}

/** Loads with this text as /etc/mailq.toml. */
export function loadFile(text: string, machine: FakeMachine = {}): Promise<Settings> {
  return load({ ...machine, files: { "/etc/mailq.toml": text, ...machine.files } });
}

/** One line of the listing: `value (origin)`. */
export function entryOf(settings: Settings, name: string): string | undefined {
  const entry = settings.entries().find((entry) => entry.name === name);
  return entry && `${entry.value} (${entry.origin})`;
}
