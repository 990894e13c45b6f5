import { runCli } from "./src/cli/frame/run.ts";
import { systemMachine } from "./src/cli/frame/system_machine.ts";

const status = await runCli(Deno.args, systemMachine());
Deno.exit(status);
