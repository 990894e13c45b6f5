import assert from "node:assert/strict";
import { SMTPServer } from "smtp-server";
import { Mailq } from "../support/mailq.ts";
import { CA_PATH, SERVER } from "../support/tls_certificates.ts";
import { BROKEN, type BrokenMachine, type Ports } from "./broken_machines.ts";
import { TestMachine } from "./machine.ts";
import { letNobodyIn, runAsNobody } from "./unprivileged.ts";

/** A finding, as --json prints it. */
interface Found {
  readonly check: string;
  readonly level: string;
  readonly text: string;
  readonly mend: string | null;
  readonly mended: boolean;
}

const TWO_HOURS_MS = 2 * 60 * 60_000;

/** The relays of all machines. */
class Relays implements AsyncDisposable {
  readonly #servers: SMTPServer[] = [];

  async listen(options: Record<string, unknown>): Promise<number> {
    const server = new SMTPServer({
      disabledCommands: ["STARTTLS", "AUTH"],
      authOptional: true,
      logger: false,
      ...options,
    });
    this.#servers.push(server);
    server.on("error", () => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const address = server.server.address();
    assert.ok(typeof address === "object" && address !== null);
    return address.port;
  }

  async ports(): Promise<Ports> {
    return {
      good: await this.listen({}),
      secure: await this.listen({
        ...SERVER,
        disabledCommands: [],
        onAuth(
          auth: { readonly username: string; readonly password: string },
          _session: unknown,
          answer: (error: Error | null, user?: unknown) => void,
        ) {
          if (auth.username === "me" && auth.password === "pass") answer(null, { user: "me" });
          else answer(new Error("Invalid username or password"));
        },
      }),
      fussy: await this.listen({
        onMailFrom(
          { address }: { readonly address: string },
          _session: unknown,
          answer: (error?: Error) => void,
        ) {
          if (address.startsWith("news@")) answer();
          else {
            const text = "5.7.1 Sender address rejected: not owned by user";
            answer(Object.assign(new Error(text), { responseCode: 553 }));
          }
        },
      }),
      small: await this.listen({ size: 1024 * 1024 }),
      early: await this.listen({ banner: new Date(Date.now() + TWO_HOURS_MS).toUTCString() }),
      closed: 1,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  }
}

async function examined(machine: TestMachine, flags = ""): Promise<[number, Found[]]> {
  const { code, stdout, stderr } = await machine.run(`mailq doctor --json ${flags}`);
  assert.equal(stderr, "");
  const found = stdout.trim().split("\n").map((line): Found => JSON.parse(line));
  // The base that tests are compiled on has an old SQLite.
  return [code, found.filter(({ check, level }) => !(check === "SQLite" && level === "warning"))];
}

const amiss = (found: readonly Found[]) => found.filter(({ level }) => level !== "ok");

async function healthyMachine(ports: Ports): Promise<TestMachine> {
  const machine = await TestMachine.make();
  await machine.ok(`cat > /etc/mailq.toml <<END
from = "cron@sender.test"
transport = "smtp://127.0.0.1:${ports.good}"
END
mailq init system
mailq init cron --user root > /etc/cron.d/mailq
mailq send`);
  return machine;
}

function asText(script: string | ((ports: Ports) => string), ports: Ports): string {
  return `CA=${CA_PATH}\n${typeof script === "string" ? script : script(ports)}`;
}

/** The command of a mend, without what is said about it. */
function commandOf(mend: string | null): string {
  return mend?.replace(/ {2}\(.*\)$/, "") ?? "";
}

async function tryMachine(
  broken: BrokenMachine,
  healthy: TestMachine,
  ports: Ports,
): Promise<void> {
  const { name, breaks, check, level = "error", text, mend, mends } = broken;
  await using machine = await TestMachine.make({ like: healthy });
  await machine.ok(asText(breaks, ports));
  const [code, found] = await examined(machine);
  const wrong = amiss(found);
  assert.equal(wrong.length, 1, `${name}: ${JSON.stringify(wrong, null, 1)}`);
  const [only] = wrong;
  assert.deepEqual([only?.check, only?.level], [check, level], JSON.stringify(only));
  assert.match(only?.text ?? "", text);
  assert.match(only?.mend ?? "", mend);
  assert.equal(code, level === "error" ? 2 : 1);
  await machine.ok(mends === undefined ? commandOf(only?.mend ?? null) : asText(mends, ports));
  const [after, left] = await examined(machine);
  assert.deepEqual(amiss(left), [], `${name}, mended`);
  assert.equal(after, 0);
}

Deno.test("doctor: names the one thing that is wrong with a machine, and what mends it", async (t) => {
  await using relays = new Relays();
  const ports = await relays.ports();
  await using healthy = await healthyMachine(ports);
  const [code, found] = await examined(healthy);
  assert.deepEqual(amiss(found), [], "all is well before");
  assert.ok(found.length >= 29, `${found.length} checks`);
  assert.equal(code, 0);
  for (const broken of BROKEN) {
    await t.step(broken.name, () => tryMachine(broken, healthy, ports));
  }
});

Deno.test("doctor --fix: sets modes and makes folders, and nothing else", async () => {
  await using relays = new Relays();
  await using machine = await healthyMachine(await relays.ports());
  await machine.ok(`chmod 644 /var/lib/mailq/queue.db
chmod 755 /var/lib/mailq/drop
rmdir /var/lib/mailq/drop/taken
echo web1 > /etc/mailname`);
  const [code, found] = await examined(machine, "--fix");
  assert.equal(found.filter(({ mended }) => mended).length, 3);
  assert.deepEqual(amiss(found).map(({ check }) => check), ["hostname"]);
  assert.equal(code, 1);
  const modes = await machine.ok(
    "stat -c %a /var/lib/mailq/queue.db /var/lib/mailq/drop /var/lib/mailq/drop/taken",
  );
  assert.equal(modes, "600\n1733\n700\n");
  assert.equal(await machine.ok("cat /etc/mailname"), "web1\n");
  await machine.ok("echo web1.sender.test > /etc/mailname");
  assert.deepEqual(amiss((await examined(machine))[1]), []);
});

Deno.test("doctor: a user who hands in mail hears of what is his, and that all is well", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, "");
  await letNobodyIn(mailq);
  mailq.env.MAILQ_QUEUE = `${mailq.folder}/system/queue.db`;
  await mailq.ok(["init", "system"]);
  const { stdout, stderr } = await runAsNobody(mailq, ["doctor", "--offline", "--json"]);
  assert.equal(stderr, "");
  const found = stdout.trim().split("\n").map((line): Found => JSON.parse(line));
  const of = (name: string) => found.find(({ check }) => check === name);
  assert.deepEqual([of("queue")?.level, of("drop folder")?.text], ["ok", "you can hand in mail"]);
  for (const name of ["passwords", "sending", "token"]) assert.equal(of(name), undefined);
  await Deno.chmod(`${mailq.folder}/system/drop`, 0o1700);
  const after = await runAsNobody(mailq, ["doctor", "--offline", "--json"]);
  assert.equal(after.code, 2);
  assert.match(after.stdout, /the queue is another user's|Permission denied/);
});
