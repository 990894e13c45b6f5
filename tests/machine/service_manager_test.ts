import { endChild, Heard, startChild } from "../support/child.ts";
import { mail, Mailq } from "../support/mailq.ts";
import { SmtpServer } from "../support/smtp_server.ts";
import { Running } from "../e2e/support/running.ts";
import { require } from "./requirements.ts";

const PYTHON = "/usr/bin/python3";

// Deno has no datagrams of Unix sockets.
const LISTEN = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace("@", "\\0", 1) if sys.argv[1].startswith("@") else sys.argv[1])
print("listening", flush=True)
while True: print(s.recv(4096).decode().replace("\\n", " "), flush=True)
`;

for (const kind of ["path", "abstract name"]) {
  Deno.test(`run: tells a service manager at a ${kind} that it is up, lives and ends`, async () => {
    require(PYTHON);
    await using server = new SmtpServer();
    await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
    const socket = `${kind === "path" ? "" : "@"}${mailq.folder}/notify`;
    const listener = startChild([PYTHON, "-c", LISTEN, socket], {});
    const heard = new Heard(listener.stdout);
    try {
      await heard.said(/^listening$/m);
      mailq.env.NOTIFY_SOCKET = socket;
      mailq.env.WATCHDOG_USEC = "300000";
      await using run = await Running.start(mailq, ["run"]);
      await heard.said(/^READY=1 STATUS=sending from .*queue\.db$/m);
      await heard.said(/(^WATCHDOG=1\n){2}/m);
      await mailq.enqueue(mail());
      await run.meanwhile(server.received(1));
      await run.stop();
      await heard.said(/^STOPPING=1 STATUS=/m);
    } finally {
      await endChild(listener);
      await listener.stderr.cancel();
    }
  });
}
