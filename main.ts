import { runCli } from "./src/cli/run.ts";
import { systemMachine } from "./src/cli/system_machine.ts";

const status = await runCli(Deno.args, systemMachine());
Deno.exit(status);
