import assert from "node:assert/strict";
import { SMTPServer } from "smtp-server";
import { deliveryOf, relayOn, unhindered } from "../../support/smtp_delivery.ts";
import { SERVER, tlsWith } from "../../support/tls_certificates.ts";

/** What nodemailer's smtp-server was told, and the bytes it got. */
interface Seen {
  readonly logins: string[];
  readonly contents: string[];
}

async function withServer(
  options: Record<string, unknown>,
  run: (port: number, seen: Seen) => Promise<void>,
): Promise<void> {
  const seen: Seen = { logins: [], contents: [] };
  const server = new SMTPServer({
    ...SERVER,
    logger: false,
    onAuth(auth, _session, callback) {
      seen.logins.push(
        `${auth.method} ${auth.username} ${auth.password ?? auth.accessToken}`,
      );
      const isRight = auth.password === "pass" || auth.accessToken === "token";
      if (isRight) callback(null, { user: auth.username });
      else callback(new Error("Invalid username or password"));
    },
    onData(stream, _session, callback) {
      let text = "";
      stream.on("data", (chunk: Uint8Array) => text += new TextDecoder().decode(chunk));
      stream.on("end", () => {
        seen.contents.push(text);
        callback();
      });
    },
    ...options,
  });
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.server.address();
  assert.ok(typeof address === "object" && address !== null);
  try {
    await run(address.port, seen);
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

for (const isImplicit of [false, true]) {
  const how = isImplicit ? "implicit TLS" : "STARTTLS";
  for (
    const [method, text] of [["PLAIN", "pass"], ["LOGIN", "pass"], ["XOAUTH2", "token"]] as const
  ) {
    Deno.test(`smtp-server: takes mail over ${how} with AUTH ${method}`, async () => {
      const options = { secure: isImplicit, authMethods: [method] };
      await withServer(options, async (port, seen) => {
        const login = { user: "me", secret: { kind: "text", text }, mayGoInClear: false } as const;
        const transport = relayOn(port, {}, { tls: tlsWith({ isImplicit }), login }).open();
        for (let i = 0; i < 3; i++) {
          const report = await transport.deliver(deliveryOf(["a@example.com"]), unhindered());
          assert.equal(report.outcomes[0]?.kind, "sent", report.error ?? "");
          assert.equal(report.tls, "TLSv1.3");
        }
        await transport.close();
        assert.deepEqual(seen.logins, [`${method} me ${text}`]);
        assert.deepEqual(seen.contents, Array(3).fill("Subject: test\r\n\r\nHello\r\n"));
      });
    });
  }
}

Deno.test("smtp-server: a wrong password is the relay's fault", async () => {
  await withServer({}, async (port, seen) => {
    const login = {
      user: "me",
      secret: { kind: "text", text: "wrong" },
      mayGoInClear: false,
    } as const;
    const transport = relayOn(port, {}, { tls: tlsWith(), login }).open();
    const report = await transport.deliver(deliveryOf(["a@example.com"]), unhindered());
    await transport.close();
    assert.deepEqual(
      report.outcomes.map(({ kind, isRelayFault, code }) => [kind, isRelayFault, code]),
      [["deferred", true, 535]],
    );
    assert.deepEqual(seen.logins, ["PLAIN me wrong", "LOGIN me wrong"]);
  });
});

/** smtp-server's way to refuse: an error with the code to say. */
const refusal = (responseCode: number, text: string) =>
  Object.assign(new Error(text), { responseCode });

/** Hands a message for a, b and c over in clear and tells each one's outcome. */
async function outcomesOf(options: Record<string, unknown>): Promise<readonly [string[], number]> {
  let outcomes: string[] = [];
  let contents = 0;
  await withServer({ authOptional: true, ...options }, async (port, seen) => {
    const transport = relayOn(port).open();
    const to = ["a@example.com", "b@example.com", "c@example.com"];
    const report = await transport.deliver(deliveryOf(to), unhindered());
    await transport.close();
    outcomes = report.outcomes.map(({ kind, isRelayFault, code }) =>
      `${kind}${isRelayFault ? "!" : ""} ${code}`
    );
    contents = seen.contents.length;
  });
  return [outcomes, contents];
}

type Done = (error?: Error) => void;
const all = (outcome: string) => [outcome, outcome, outcome];

Deno.test("smtp-server: of several recipients each has its own outcome", async () => {
  const onRcptTo = ({ address }: { address: string }, _session: unknown, done: Done) => {
    if (address.startsWith("a")) done(refusal(550, "5.1.1 no such user"));
    else done(address.startsWith("b") ? refusal(450, "4.2.0 later") : undefined);
  };
  assert.deepEqual(await outcomesOf({ onRcptTo }), [["failed 550", "deferred 450", "sent 250"], 1]);
});

Deno.test("smtp-server: what is refused at MAIL, at every RCPT or after the content", async () => {
  for (const [code, kind] of [[550, "failed"], [451, "deferred"]] as const) {
    const refuse = (_about: unknown, _session: unknown, done: Done) => done(refusal(code, "no"));
    const outcome = all(`${kind} ${code}`);
    assert.deepEqual(await outcomesOf({ onMailFrom: refuse }), [outcome, 0]);
    assert.deepEqual(await outcomesOf({ onRcptTo: refuse }), [outcome, 0]);
    const onData = (stream: NodeJS.ReadableStream, _session: unknown, done: Done) => {
      stream.resume();
      stream.on("end", () => done(refusal(code, "no")));
    };
    assert.deepEqual(await outcomesOf({ onData }), [outcome, 0]);
  }
});

Deno.test("smtp-server: a connection it does not want is the relay's fault", async () => {
  const onConnect = (_session: unknown, done: Done) => done(refusal(554, "not from there"));
  assert.deepEqual(await outcomesOf({ onConnect }), [all("deferred! 554"), 0]);
});
