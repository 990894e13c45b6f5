// Shows the main job on a throwaway queue and a local SMTP server: `deno task demo`.
import { childOk, startChild } from "./child.ts";
import { PERMISSIONS } from "./permissions.ts";
import { SmtpServer } from "./smtp_server.ts";

const root = new URL("../../", import.meta.url).pathname;
const folder = await Deno.makeTempDir({ prefix: "mailq-demo-" });
const SHOWN = { stdout: "inherit", stderr: "inherit" } as const;
let isDeferring = true;
const server = new SmtpServer({
  onRcpt(address) {
    if (address.startsWith("refuse")) return "550 5.1.1 User unknown";
    return address.startsWith("defer") && isDeferring ? "450 4.2.0 Greylisted, try later" : null;
  },
});
const env = {
  MAILQ_QUEUE: `${folder}/queue.db`,
  MAILQ_TRANSPORT: server.url,
  MAILQ_HOSTNAME: "demo.example",
  // Settings of this machine must not reach the demo.
  MAILQ_CONFIG: `${folder}/mailq.toml`,
};
await Deno.writeTextFile(env.MAILQ_CONFIG, "");

try {
  say(
    "A throwaway queue, and an SMTP server on this machine that refuses one of the recipients",
    "for good and puts another one off. First, three messages are queued:",
  );
  await mailq("enqueue", "tests/fixtures/demo");
  say("They are on disk now. One pass sends them:");
  await mailq("send", "--verbose");
  say("What became of them? One message was sent to a part of its recipients:");
  await mailq("status");
  await mailq("list");
  say("Every attempt is kept, with each recipient's reply:");
  const id = await idOfNewsletter();
  await mailq("show", id.slice(0, 5));
  say("The server has changed its mind. Deferred mail goes back to the queue, and out:");
  isDeferring = false;
  await mailq("retry", "--verbose");
  await mailq("send", "--verbose");
  await mailq("list");
  const arrived = server.messages.flatMap((message) => message.to);
  const twice = arrived.filter((address, i) => arrived.indexOf(address) !== i);
  say(
    `Mail arrived at: ${arrived.join(", ")}`,
    twice.length === 0 ? "Nobody got a mail twice." : `Twice at: ${twice.join(", ")}`,
    "Your turn:  cat mail.eml | deno task mailq enqueue",
  );
} finally {
  await server[Symbol.asyncDispose]();
  await Deno.remove(folder, { recursive: true });
}

function say(...lines: string[]): void {
  console.log(`\n${lines.map((line) => `# ${line}`).join("\n")}`);
}

async function mailq(...args: string[]): Promise<void> {
  console.log(`$ mailq ${args.join(" ")}`);
  const { code } = await startChild(commandOf(args), { cwd: root, env, ...SHOWN }).status;
  if (code !== 0) throw new Error(`mailq ${args.join(" ")} ended with ${code}`);
}

async function idOfNewsletter(): Promise<string> {
  const args = ["list", "--from", "news@sender.example", "--json"];
  return JSON.parse(await childOk(commandOf(args), { cwd: root, env })).id;
}

function commandOf(args: readonly string[]): string[] {
  return [Deno.execPath(), "run", "--quiet", ...PERMISSIONS, `${root}main.ts`, ...args];
}
