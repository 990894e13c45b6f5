import { consoleRelay } from "../../src/transport/console.ts";
import { nullRelay } from "../../src/transport/null.ts";
import { lmtpRelay } from "../../src/transport/smtp/relay.ts";
import { testTransport } from "../contract/transport_contract.ts";
import { relayOn } from "../support/smtp_delivery.ts";
import { converse, EHLO_TLS, scriptedServer } from "../support/smtp_script.ts";
import { SmtpServer } from "../support/smtp_server.ts";
import { contentOf } from "../support/smtp_syntax.ts";
import { SERVER, tlsWith } from "../support/tls_certificates.ts";

for (const canPipeline of [true, false]) {
  const extensions = canPipeline ? ["PIPELINING", "8BITMIME", "SIZE"] : [];
  testTransport(`smtp ${canPipeline ? "with" : "without"} pipelining`, () => {
    let isBroken = false;
    const server = new SmtpServer({
      extensions,
      onMail() {
        if (!isBroken) return null;
        isBroken = false;
        return "451 4.3.0 Not now";
      },
    });
    return Promise.resolve({
      relay: relayOn(server.port),
      arrived: () => server.messages.map(({ data }) => data),
      breakOnce: () => isBroken = true,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    });
  });
}

for (const isImplicit of [true, false]) {
  testTransport(`smtp with ${isImplicit ? "implicit TLS" : "STARTTLS"}`, async () => {
    let isBroken = false;
    const arrived: Uint8Array[] = [];
    const server = await scriptedServer((peer) =>
      converse(peer, {
        ehlo: EHLO_TLS,
        tls: SERVER,
        isTlsImplicit: isImplicit,
        mail(peer) {
          peer.send(isBroken ? "451 4.3.0 Not now\r\n" : "250 2.1.0 ok\r\n");
          isBroken = false;
        },
        onContent: (stuffed) => arrived.push(contentOf(stuffed)),
      })
    );
    return {
      relay: relayOn(server.port, {}, { tls: tlsWith({ isImplicit }) }),
      arrived: () => arrived,
      breakOnce: () => isBroken = true,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  });
}

for (const kind of ["tcp", "unix"] as const) {
  testTransport(`lmtp over ${kind}`, async () => {
    let isBroken = false;
    const arrived: Uint8Array[] = [];
    const folder = await Deno.makeTempDir();
    const path = `${folder}/lmtp`;
    const server = await scriptedServer(
      (peer) =>
        converse(peer, {
          mail(peer) {
            peer.send(isBroken ? "451 4.3.0 Not now\r\n" : "250 2.1.0 ok\r\n");
            isBroken = false;
          },
          onContent: (stuffed) => arrived.push(contentOf(stuffed)),
        }),
      kind === "unix" ? { path } : undefined,
    );
    const endpoint = kind === "unix"
      ? { kind, path }
      : { kind, host: "127.0.0.1", port: server.port };
    return {
      relay: lmtpRelay({ name: "test", endpoint, heloName: "client.example" }),
      arrived: () => arrived,
      breakOnce: () => isBroken = true,
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]();
        await Deno.remove(folder, { recursive: true });
      },
    };
  });
}

testTransport("console", () => {
  let isBroken = false;
  let written: number[] = [];
  const arrived: Uint8Array[] = [];
  const relay = consoleRelay("test", (bytes) => {
    if (isBroken) {
      isBroken = false;
      return Promise.reject(new Error("Broken pipe"));
    }
    const text = new TextDecoder().decode(bytes);
    if (text.startsWith("--- end of ")) arrived.push(Uint8Array.from(written));
    else if (text.startsWith("--- ")) written = [];
    else written.push(...bytes);
    return Promise.resolve();
  });
  return Promise.resolve({
    relay,
    arrived: () => arrived,
    breakOnce: () => isBroken = true,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
});

testTransport("null", () =>
  Promise.resolve({
    relay: nullRelay("test"),
    arrived: null,
    breakOnce: null,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }));
