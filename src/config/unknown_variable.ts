// What to say about a MAILQ_ variable that sets nothing. Called by layers.ts, which loads this file
// only where there is such a variable, so that most calls do not pay for it.

import { variableName } from "./variables.ts";
import { RETIRED, retiredWarning } from "./retired.ts";
import { suggestName } from "./suggest.ts";

/** The warning for `variable`, which is none of `known`: whole names, with `MAILQ_` before each. */
export function variableWarning(variable: string, known: readonly string[]): string {
  const retired = Object.keys(RETIRED).find((name) => variableName(name) === variable);
  const warning = retiredWarning(retired ?? variable, variable);
  if (warning !== null) return warning;
  const unknown = `Unknown variable ${variable}`;
  const ofDefault = variable.replace(/^MAILQ_RELAY_DEFAULT_/, "MAILQ_").replace(
    /_URL$/,
    "_TRANSPORT",
  );
  if (ofDefault !== variable && known.includes(ofDefault)) {
    return `${unknown}: did you mean ${ofDefault}?`;
  }
  if (variable.startsWith("MAILQ_RELAY_")) {
    return `${unknown}: relays stand in a settings file; ` +
      "MAILQ_TRANSPORT is the default relay's URL";
  }
  const bare = (name: string) => name.slice("MAILQ_".length);
  const near = suggestName(bare(variable), known.map(bare));
  return near === null
    ? `${unknown}: no setting has this name`
    : `${unknown}: did you mean MAILQ_${near}?`;
}
