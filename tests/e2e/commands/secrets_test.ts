import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { converse, type Peer, scriptedServer } from "../../support/smtp_script.ts";
import { Running } from "../support/running.ts";

const SECRET = "correct horse 8-battery";
const EHLO = "250-script.example\r\n250 AUTH PLAIN";

/** The forms in which it goes over the wire, or might stand somewhere. */
const FORMS = [SECRET, btoa(SECRET), btoa(`\0user\0${SECRET}`), encodeURIComponent(SECRET)];

function assertSilent(text: string, where: string): void {
  for (const form of FORMS) {
    const at = text.indexOf(form);
    assert.equal(at, -1, `${where} holds ${form}: ${text.slice(Math.max(0, at - 40), at + 60)}`);
  }
}

/** A queue that logs in with the secret, which it has by one of its ways. */
async function loggingIn(port: number, way: "file" | "command" | "variable"): Promise<Mailq> {
  const mailq = await Mailq.make(way === "variable" ? { MAILQ_PASSWORD: SECRET } : {});
  await Deno.writeTextFile(`${mailq.folder}/secret`, `${SECRET}\n`);
  const settings = {
    file: `password_file = "${mailq.folder}/secret"\n`,
    command: `password_command = "cat '${mailq.folder}/secret'"\n`,
    variable: "",
  };
  await Deno.writeTextFile(
    `${mailq.folder}/mailq.toml`,
    `[relay.default]\nurl = "smtp://user@127.0.0.1:${port}"\n${settings[way]}`,
  );
  return mailq;
}

/** All that the queue has on disk, but for the secret's own file. */
async function queueBytes(mailq: Mailq): Promise<string> {
  let text = "";
  for (const { name, isFile } of Deno.readDirSync(mailq.folder)) {
    if (!isFile || name === "secret") continue;
    text += new TextDecoder("latin1").decode(await Deno.readFile(`${mailq.folder}/${name}`));
  }
  return text;
}

for (const way of ["file", "command", "variable"] as const) {
  Deno.test(`secrets: a password by ${way} is in no output, no transcript and not in the queue`, async () => {
    // A server that repeats what it was told, whole and decoded.
    const auth = (peer: Peer, line: string) => {
      const [, , sent = ""] = line.split(" ");
      const said = atob(sent).replaceAll("\0", " ");
      peer.send(`535-5.7.8 ${line}\r\n535 5.7.8 not ${said} nor ${btoa(SECRET)}\r\n`);
      return Promise.resolve();
    };
    await using server = await scriptedServer((peer) => converse(peer, { ehlo: EHLO, auth }));
    await using mailq = await loggingIn(server.port, way);
    mailq.env.MAILQ_ERROR_HANDLER = "env > handler.env; cat > handler.json; echo deferred";
    const id = await mailq.enqueue(mail());
    const { stdout, stderr } = await mailq.run(["send", "--verbose"]);
    assert.ok((server.peers[0]?.receivedText ?? "").includes(btoa(`\0user\0${SECRET}`)), "it went");
    assert.match(stderr, /AUTH: 535 .*\*\*\*/);
    assertSilent(stdout + stderr, "the output");
    for (const args of [["show", id, "--attempts"], ["show", id, "--json"], ["list"], ["config"]]) {
      assertSilent(await mailq.ok(args), args.join(" "));
    }
    assertSilent(await mailq.ok(["list", "--json"]), "list --json");
    assertSilent(await Deno.readTextFile(`${mailq.folder}/handler.json`), "the handler's input");
    assertSilent(await Deno.readTextFile(`${mailq.folder}/handler.env`), "its environment");
    assertSilent(await queueBytes(mailq), "the queue");
  });

  Deno.test(`secrets: a password by ${way} is in no command line while it is in use`, async () => {
    const seen: string[] = [];
    await using server = await scriptedServer((peer) =>
      converse(peer, {
        ehlo: EHLO,
        auth: async (peer) => {
          for (const { name } of Deno.readDirSync("/proc")) {
            if (!/^\d+$/.test(name)) continue;
            // Processes come and go.
            seen.push(await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => ""));
          }
          peer.send("235 2.7.0 ok\r\n");
        },
      })
    );
    await using mailq = await loggingIn(server.port, way);
    await mailq.enqueue(mail());
    await mailq.ok(["send", "--strict"]);
    assert.ok(seen.some((line) => line.includes("send\0--strict")), "it was looked for");
    assertSilent(seen.join("\n").replaceAll("\0", " "), "a command line");
  });
}

Deno.test("secrets: an exec: relay gets no password, nor does what it says on failing tell one", async () => {
  await using mailq = await Mailq.make({
    MAILQ_PASSWORD: SECRET,
    MAILQ_TRANSPORT: "exec:env > seen.env; exit 75",
  });
  await mailq.enqueue(mail());
  await mailq.run(["send"]);
  assertSilent(await Deno.readTextFile(`${mailq.folder}/seen.env`), "the environment");
});

Deno.test("secrets: a password that cannot be had is told without the command's words", async () => {
  await using server = await scriptedServer((peer) => converse(peer, { ehlo: EHLO }));
  await using mailq = await loggingIn(server.port, "file");
  await Deno.writeTextFile(
    `${mailq.folder}/mailq.toml`,
    `[relay.default]\nurl = "smtp://user@127.0.0.1:${server.port}"\n` +
      `password_command = "cat '${mailq.folder}/secret' | tee /dev/stderr; exit 3"\n`,
  );
  const id = await mailq.enqueue(mail());
  await using running = await Running.start(mailq, ["send", "--verbose"]);
  const stdout = await running.ended();
  assert.match(running.stderr, /password_command ended with status 3/);
  assertSilent(stdout + running.stderr, "the output");
  assertSilent(await mailq.ok(["show", id, "--json"]), "show");
});
