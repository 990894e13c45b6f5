// The check "commands": whether the commands in the settings can be run (error handler, password
// commands, hooks, relays that are programs). What they do, is found out where they are used.

import { type Check, fault, ok } from "../check.ts";
import { whereIs } from "../look.ts";

interface CommandFacts {
  /** The setting it stands in. */
  readonly setting: string;
  /** The program that is run first. */
  readonly program: string;
  readonly isThere: boolean;
}

export const check: Check<readonly CommandFacts[]> = {
  async gather({ settings }) {
    const commands: (readonly [string, string])[] = [];
    if (settings.errorHandler !== null) commands.push(["error_handler", settings.errorHandler]);
    for (const { name, way } of settings.hooks) {
      if (way.kind === "command") commands.push([`the hook ${name}`, way.command]);
    }
    for (const { name, password, target } of settings.relays) {
      if (password?.kind === "command") {
        commands.push([`relay.${name}.password_command`, password.command]);
      }
      if (target.kind === "exec") commands.push([`the relay ${name}`, target.command]);
      if (target.kind === "sendmail") commands.push([`the relay ${name}`, target.path]);
    }
    return await Promise.all(commands.map(async ([setting, command]) => {
      const program = programOf(command);
      const isThere = program === null || await whereIs(program) !== null;
      return { setting, program: program ?? command, isThere };
    }));
  },
  judge(commands) {
    const missing = commands.filter(({ isThere }) => !isThere);
    if (missing.length > 0) {
      return missing.map(({ setting, program }) =>
        fault(
          `${setting} runs ${JSON.stringify(program)}, which cannot be run`,
          program.startsWith("/")
            ? `ls -l ${program}  (it must be there and have mode 755)`
            : "install it, or name it by its whole path",
        )
      );
    }
    return [
      ok(commands.length === 0 ? "none are set" : commands.map((one) => one.setting).join(", ")),
    ];
  },
};

/** The first word of a command line that is a program's name; null where that cannot be told, such as
 *  for a loop. */
function programOf(command: string): string | null {
  const words = command.trim().split(/\s+/);
  const first = words.find((word) => !/^[A-Za-z_]\w*=/.test(word)) ?? "";
  const plain = first.replace(/^(["'])(.*)\1$/, "$2");
  return /^[\w./~+@-]+$/.test(plain) && !/^(if|for|while|case|until)$/.test(plain) ? plain : null;
}
