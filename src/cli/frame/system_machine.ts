// The real machine: streams, environment, clock, signals. main.ts hands it to run.ts; tests make
// one of their own.

import { loadSettings } from "../../config/load.ts";
import { systemEnvironment } from "../../config/system_environment.ts";
import { openStore } from "../../store/open.ts";
import { nameOf } from "../../system/files.ts";
import { systemClock, systemRandom, wait } from "../../system/time.ts";
import type { Machine } from "./context.ts";

/** The real machine. */
export function systemMachine(): Machine {
  const surroundings = systemEnvironment();
  const { env } = surroundings;
  return {
    stdin: Deno.stdin,
    stdout: Deno.stdout,
    stderr: Deno.stderr,
    env,
    surroundings,
    clock: systemClock,
    random: systemRandom,
    loadSettings,
    openStore,
    calledName,
    user: () => env.LOGNAME || env.USER || userFromPasswd() || "root",
    onStop: (listener) => onSignals(["SIGTERM", "SIGINT"], listener),
    onReload: (listener) => onSignals(["SIGHUP"], listener),
    wait,
  };
}

/** What the source runs under is called deno whatever the user typed. */
async function calledName(): Promise<string | null> {
  if (!Deno.build.standalone) return null;
  // Only when it is wanted: it takes 12 ms. A literal specifier would be read at every start.
  const { default: process }: { default: { readonly argv0: string } } = await import(
    ["node", "process"].join(":")
  );
  return nameOf(process.argv0);
}

/** The user's name in /etc/passwd: cron and services may set no variable for it. */
function userFromPasswd(): string | null {
  const uid = Deno.uid();
  try {
    for (const line of Deno.readTextFileSync("/etc/passwd").split("\n")) {
      const [name, , id] = line.split(":");
      if (Number(id) === uid && name) return name;
    }
  } catch {
    // No such file: the caller has a last resort.
  }
  return uid === null ? null : `uid${uid}`;
}

function onSignals(signals: readonly Deno.Signal[], listener: () => void): Disposable {
  for (const signal of signals) Deno.addSignalListener(signal, listener);
  return {
    [Symbol.dispose]() {
      for (const signal of signals) Deno.removeSignalListener(signal, listener);
    },
  };
}
