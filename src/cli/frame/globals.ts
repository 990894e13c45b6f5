// The options that every command takes, and where on a command line they are looked for. run.ts
// splits each command line with it; a command's own flags are the library's matter.

import { MailqError } from "../../queue/errors.ts";

/** The options every command takes, before or after its name. */
export interface Globals {
  readonly queue: string | null;
  readonly config: string | null;
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
  readonly noColor: boolean;
  readonly wantsHelp: boolean;
  readonly wantsVersion: boolean;
}

/** What help says of them. */
export const GLOBAL_OPTIONS: readonly (readonly [option: string, meaning: string])[] = [
  ["   --queue PATH|URL", "The queue [$MAILQ_QUEUE]"],
  ["   --config FILE", "Read only this settings file"],
  ["   --json", "Print JSON"],
  ["-q --quiet", "Say nothing but errors"],
  ["-v --verbose", "Say what is done"],
  ["   --no-color", "Print no colours"],
  ["-h --help", "Print help"],
  ["-V --version", "Print the version"],
];

const SWITCHES: Readonly<Record<string, keyof Globals>> = {
  "--json": "isJson",
  "--quiet": "isQuiet",
  "--verbose": "isVerbose",
  "-v": "isVerbose",
  "-q": "isQuiet",
  "--no-color": "noColor",
  "--help": "wantsHelp",
  "-h": "wantsHelp",
  "--version": "wantsVersion",
  "-V": "wantsVersion",
};
const VALUES: Readonly<Record<string, "queue" | "config">> = {
  "--queue": "queue",
  "--config": "config",
};

/** Takes the global options out of a command line; what stands after `--` is left alone, as are the
 *  command that `tx` runs and all that stands behind `sendmail`: its letters are sendmail(1)'s own,
 *  and an address may begin with `--config=`. What a web form adds to PHP's command line can thus
 *  never name another queue. */
export function splitGlobals(argv: readonly string[]): { globals: Globals; rest: string[] } {
  const switches = new Set<keyof Globals>();
  const values: { queue: string | null; config: string | null } = { queue: null, config: null };
  const rest: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] ?? "";
    if (arg === "--" || rest[0] === "sendmail") {
      rest.push(...argv.slice(i));
      break;
    }
    // What is run by `mailq tx` has options of its own.
    if (rest.length === 1 && rest[0] === "tx" && !arg.startsWith("-")) {
      rest.push("--", ...argv.slice(i));
      break;
    }
    const equals = arg.indexOf("=");
    const name = equals > 0 ? arg.slice(0, equals) : arg;
    const valueOf = VALUES[name];
    const switchOf = SWITCHES[name];
    if (valueOf !== undefined) {
      const value = equals > 0 ? arg.slice(equals + 1) : argv[++i];
      if (value === undefined || value === "") {
        throw new MailqError("usage", `Cannot use ${name}: expected a value after it`);
      }
      values[valueOf] = value;
    } else if (switchOf === undefined) rest.push(arg);
    else if (equals > 0) {
      throw new MailqError("usage", `Cannot use ${name} with a value: it takes none`);
    } else switches.add(switchOf);
  }
  return {
    globals: {
      ...values,
      isJson: switches.has("isJson"),
      isQuiet: switches.has("isQuiet"),
      isVerbose: switches.has("isVerbose"),
      noColor: switches.has("noColor"),
      wantsHelp: switches.has("wantsHelp"),
      wantsVersion: switches.has("wantsVersion"),
    },
    rest,
  };
}

/** The command-line options that mean the same. */
export function globalArguments(globals: Globals): string[] {
  const { queue, config } = globals;
  const long = Object.entries(SWITCHES).filter(([name]) => name.startsWith("--"));
  return [
    ...(queue === null ? [] : ["--queue", queue]),
    ...(config === null ? [] : ["--config", config]),
    ...long.filter(([, key]) => globals[key] === true).map(([name]) => name),
  ];
}
