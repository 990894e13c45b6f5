// Puts what the command line's library found wrong with the arguments into our words. Loaded by
// parsed_command.ts when there is something wrong, and by help.ts for the spelling of flags.

import { ArgumentScannerError, formatMessageForArgumentScannerError } from "@stricli/core";
import { errorText } from "../../queue/errors.ts";

/** What is wrong with a command line, as people read it. */
export function complaintAbout(error: unknown): string {
  if (!(error instanceof ArgumentScannerError)) return errorText(error);
  return formatMessageForArgumentScannerError(error, {
    ArgumentParseError: ({ externalFlagNameOrPlaceholder: name, exception }) =>
      // A flag's name has no capitals, an argument's has nothing else.
      `${/[a-z]/.test(name) ? `--${kebab(name)}` : name}: ${errorText(exception)}`,
    EnumValidationError: ({ externalFlagName, input, values }) =>
      `--${kebab(externalFlagName)}: Cannot use "${input}": expected one of ${values.join(", ")}`,
    FlagNotFoundError: ({ input, corrections }) => {
      const [nearest] = corrections;
      return `There is no option --${input}` +
        (nearest === undefined ? "" : `: did you mean ${flagText(nearest)}?`);
    },
    UnexpectedPositionalError: ({ input }) => `Cannot use the argument "${input}": too many`,
    UnsatisfiedFlagError: ({ externalFlagName }) =>
      `Cannot use --${kebab(externalFlagName)}: expected a value after it`,
    UnsatisfiedPositionalError: ({ placeholder }) => `Cannot do without ${placeholder}`,
  });
}

/** A suggestion comes with or without its dashes. */
function flagText(name: string): string {
  return name.startsWith("-") ? kebab(name) : `--${kebab(name)}`;
}

/** A flag's name as it is typed: `maxBatch` is `max-batch`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
