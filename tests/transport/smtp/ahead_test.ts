import assert from "node:assert/strict";
import type { Delivery, DeliveryReport, Relay } from "../../../src/queue/ports/transport.ts";
import { deliveryOf, relayOn } from "../../support/smtp_delivery.ts";
import {
  converse,
  EHLO_REPLY,
  EHLO_STEP_BY_STEP,
  hangUp,
  type Peer,
  type Replies,
  reset,
  scriptedServer,
  stall,
} from "../../support/smtp_script.ts";

// A transport that is given the next message ahead sends its commands behind the content of the
// one under way (RFC 2920 3.1).

const NAMES = ["ann", "bob", "cid", "dan"] as const;

function message(name: string, more: Partial<Delivery> = {}): Delivery {
  const text = `Subject: to ${name}\r\n\r\n.dot\r\nHello ${name}\r\n`;
  return { ...deliveryOf([`${name}@example.com`], text), id: name, ...more };
}

interface Sent {
  readonly reports: readonly DeliveryReport[];
  /** Whose bytes had begun to go out, in that order. */
  readonly begun: readonly string[];
}

/** Gives all to one transport at once, and stops once the bytes of `stopAt` begin to go out. */
async function sendAll(
  relay: Relay,
  deliveries: readonly Delivery[],
  stopAt: string | null = null,
): Promise<Sent> {
  const transport = relay.open();
  const begun: string[] = [];
  const stop = new AbortController();
  const reports = await Promise.all(deliveries.map((delivery) =>
    transport.deliver(delivery, {
      signal: stop.signal,
      onDataBegin: () => {
        begun.push(delivery.id);
        if (delivery.id === stopAt) stop.abort();
      },
    })
  ));
  await transport.close();
  return { reports, begun };
}

const kindsOf = ({ reports }: Sent) =>
  reports.map(({ outcomes }) => outcomes.map(({ kind }) => kind).join());

/** A server, and what it took: the name of each message by the connection it came on. */
async function server(repliesOf: (peer: Peer, taken: readonly string[]) => Replies) {
  const taken: string[] = [];
  const on: number[] = [];
  const script = await scriptedServer((peer) =>
    converse(peer, {
      ...repliesOf(peer, taken),
      onContent: (content) => {
        const text = new TextDecoder().decode(content);
        const name = /to (\w+)/.exec(text)?.[1] ?? "";
        assert.equal(text, `Subject: to ${name}\r\n\r\n..dot\r\nHello ${name}\r\n.\r\n`);
        taken.push(name);
        on.push(peer.n);
      },
    })
  );
  return { script, taken, on, [Symbol.asyncDispose]: () => script[Symbol.asyncDispose]() };
}

/** Does `then` in place of the reply to the dot of the message called `name`, once. */
function atDotOf(
  name: string,
  taken: readonly string[],
  then: string | ((peer: Peer) => void | Promise<void>),
): Replies {
  let isDone = false;
  return {
    dot: (peer) => {
      if (isDone || taken.at(-1) !== name || taken.indexOf(name) < taken.length - 1) {
        return peer.send("250 2.0.0 ok\r\n");
      }
      isDone = true;
      if (typeof then === "string") peer.send(`${then}\r\n`);
      else return then(peer);
    },
  };
}

Deno.test("smtp ahead: the next message's commands come in one piece with the final dot", async () => {
  const writes: string[] = [];
  await using relay = await server((_, taken) => ({
    dot: (peer) => {
      // What has come by now came before the reply: read on the wire behind the dot.
      writes.push(peer.receivedText.slice(peer.receivedText.lastIndexOf("\r\n.\r\n") + 5));
      peer.send(`250 2.0.0 ${taken.length}\r\n`);
    },
  }));
  const sent = await sendAll(relayOn(relay.script.port), NAMES.map((name) => message(name)));
  assert.deepEqual(kindsOf(sent), ["sent", "sent", "sent", "sent"]);
  assert.deepEqual(sent.begun, NAMES);
  assert.deepEqual(relay.taken, NAMES);
  assert.deepEqual(relay.on, [0, 0, 0, 0]);
  assert.deepEqual(
    writes.map((text) => text.replaceAll("\r\n", "|")),
    [
      "MAIL FROM:<sender@example.com> SIZE=36|RCPT TO:<bob@example.com>|DATA|",
      "MAIL FROM:<sender@example.com> SIZE=36|RCPT TO:<cid@example.com>|DATA|",
      "MAIL FROM:<sender@example.com> SIZE=36|RCPT TO:<dan@example.com>|DATA|",
      "",
    ],
  );
});

Deno.test("smtp ahead: each message has its own reply, whatever the others got", async () => {
  const replies: Record<string, string> = {
    ann: "554 5.7.1 spam",
    bob: "250 2.0.0 ok",
    cid: "451 4.3.0 later",
    dan: "250 2.0.0 ok",
  };
  await using relay = await server((_, taken) => ({
    dot: (peer) => peer.send(`${replies[taken.at(-1) ?? ""]}\r\n`),
  }));
  const sent = await sendAll(relayOn(relay.script.port), NAMES.map((name) => message(name)));
  assert.deepEqual(kindsOf(sent), ["failed", "sent", "deferred", "sent"]);
  assert.deepEqual(sent.reports.map(({ outcomes }) => outcomes[0]?.code), [554, 250, 451, 250]);
  const [first] = sent.reports;
  assert.match(first?.transcript ?? "", /RCPT TO:<ann/);
  assert.doesNotMatch(first?.transcript ?? "", /bob/, "another's commands are not its own");
  assert.match(sent.reports[2]?.transcript ?? "", /MAIL FROM[^]*RCPT TO:<cid[^]*451 4\.3\.0/);
});

Deno.test("smtp ahead: a recipient refused is that message's alone", async () => {
  await using relay = await server(() => ({
    rcpt: (address) => address.startsWith("bob") ? "550 5.1.1 no such user" : "250 ok",
    // As a server does that has no recipient (RFC 2920 3.1 allows both).
    data: "354 go ahead",
  }));
  const sent = await sendAll(relayOn(relay.script.port), NAMES.map((name) => message(name)));
  assert.deepEqual(kindsOf(sent), ["sent", "failed", "sent", "sent"]);
  assert.deepEqual(relay.taken, ["ann", "cid", "dan"]);
  assert.deepEqual(sent.begun, ["ann", "cid", "dan"]);
});

for (
  const [what, then, first] of [
    ["a 421 to the dot", "421 4.3.2 shutting down", "sent"],
    ["421 and a close at the dot", (peer: Peer) => {
      peer.send("421 4.3.2 shutting down\r\n");
      return hangUp(peer);
    }, "sent"],
    ["a close at the dot", hangUp, "uncertain"],
    ["a reset at the dot", reset, "uncertain"],
  ] as const
) {
  Deno.test(`smtp ahead: after ${what} the next message goes by a new connection, once`, async () => {
    await using relay = await server((peer, taken) =>
      peer.n > 0 ? {} : atDotOf("bob", taken, then)
    );
    const sent = await sendAll(relayOn(relay.script.port), NAMES.map((name) => message(name)));
    assert.deepEqual(kindsOf(sent), ["sent", first, "sent", "sent"]);
    const others = relay.taken.filter((name) => name !== "bob");
    assert.deepEqual(others, ["ann", "cid", "dan"]);
    assert.equal(relay.script.peers.length, 2);
  });
}

Deno.test("smtp ahead: a goodbye behind the last reply costs the next message nothing", async () => {
  await using relay = await server((peer, taken) =>
    peer.n > 0 ? {} : atDotOf("ann", taken, (peer) => {
      peer.send("250 2.0.0 ok\r\n421 4.4.2 leaving\r\n");
      return hangUp(peer);
    })
  );
  const sent = await sendAll(relayOn(relay.script.port), [message("ann"), message("bob")]);
  assert.deepEqual(kindsOf(sent), ["sent", "sent"]);
  assert.deepEqual(relay.on, [0, 1]);
});

Deno.test("smtp ahead: who cannot bear it is not asked again", async () => {
  let behind = "";
  await using relay = await server(() => ({
    dot: (peer) => {
      const rest = peer.receivedText.split("\r\n.\r\n").at(-1) ?? "";
      if (rest.includes("MAIL")) {
        behind += "x";
        return hangUp(peer);
      }
      peer.send("250 2.0.0 ok\r\n");
    },
  }));
  const sent = await sendAll(relayOn(relay.script.port), NAMES.map((name) => message(name)));
  assert.equal(behind, "x");
  assert.deepEqual(kindsOf(sent), ["uncertain", "sent", "sent", "sent"]);
});

const SYNC = "554 5.5.0 Error: SMTP protocol synchronization\r\n";

/** What servers do, once, that do not bear commands behind the dot. */
const UNBORNE: readonly (readonly [string, (peer: Peer, commands: number) => void])[] = [
  ["throws them away", (peer) => peer.send("250 2.0.0 ok\r\n")],
  ["closes on them", (peer) => {
    peer.send("250 2.0.0 ok\r\n");
    return hangUp(peer);
  }],
  ["refuses them and closes", (peer) => {
    peer.send(`250 2.0.0 ok\r\n${SYNC}`);
    return hangUp(peer);
  }],
  ["refuses each", (peer, commands) => {
    peer.send(`250 2.0.0 ok\r\n${"503 bad sequence\r\n".repeat(commands)}`);
  }],
  ["refuses the content for them", (peer) => {
    peer.send(SYNC);
    return hangUp(peer);
  }],
];

for (const [what, answer] of UNBORNE) {
  Deno.test(`smtp ahead: a server that ${what} costs no message, and is not asked again`, async () => {
    let times = 0;
    await using relay = await server(() => ({
      dot: async (peer) => {
        const behind = peer.receivedText.split("\r\n.\r\n").at(-1) ?? "";
        if (behind === "") return peer.send("250 2.0.0 ok\r\n");
        times++;
        const commands = behind.split("\r\n").length - 1;
        for (let n = 0; n < commands; n++) await peer.line();
        answer(peer, commands);
      },
    }));
    const to = relayOn(relay.script.port, { mailMs: 50 });
    const sent = await sendAll(to, NAMES.map((name) => message(name)));
    assert.deepEqual(kindsOf(sent), ["sent", "sent", "sent", "sent"]);
    assert.equal(times, 1);
    assert.equal(relay.script.peers.length, 2);
  });
}

Deno.test("smtp ahead: told to stop, it begins nothing more", async () => {
  await using relay = await server(() => ({}));
  const sent = await sendAll(
    relayOn(relay.script.port),
    NAMES.map((name) => message(name)),
    "bob",
  );
  assert.deepEqual(sent.begun, ["ann", "bob"]);
  assert.deepEqual(kindsOf(sent), ["sent", "sent", "deferred", "deferred"]);
  assert.deepEqual(sent.reports.map(({ outcomes }) => outcomes[0]?.code), [250, 250, null, null]);
  assert.deepEqual(relay.taken, ["ann", "bob"]);
});

Deno.test("smtp ahead: a silent server defers the next message by its own deadline", async () => {
  await using relay = await server((peer, taken) => peer.n > 0 ? {} : atDotOf("ann", taken, stall));
  const sent = await sendAll(relayOn(relay.script.port, { dotMs: 50 }), [
    message("ann"),
    message("bob"),
  ]);
  assert.deepEqual(kindsOf(sent), ["uncertain", "sent"]);
});

/** What makes the next message wait until the one before is answered. */
const WAITS: readonly (readonly [string, Replies, Partial<Delivery>, number | null])[] = [
  ["a server without PIPELINING", { ehlo: EHLO_STEP_BY_STEP }, {}, null],
  [
    "an address outside ASCII",
    { ehlo: `${EHLO_REPLY.replace("250 ENH", "250-ENH")}\r\n250 SMTPUTF8` },
    { recipients: ["bøb@example.com"] },
    null,
  ],
  ["a message over the server's limit", {}, { sizeBytes: 20_000_000 }, null],
  ["more recipients than the relay may be given at once", {}, {
    recipients: ["bob@example.com", "eve@example.com"],
  }, 1],
];

for (const [what, replies, second, recipientLimit] of WAITS) {
  Deno.test(`smtp ahead: ${what} waits for the reply before it`, async () => {
    const behind: string[] = [];
    await using relay = await scriptedServer((peer) =>
      converse(peer, {
        ...replies,
        dot: (peer) => {
          behind.push(peer.receivedText.split("\r\n.\r\n").at(-1) ?? "");
          peer.send("250 2.0.0 ok\r\n");
        },
      })
    );
    const messages = [message("ann"), message("bob", second)];
    await sendAll(relayOn(relay.port, {}, { recipientLimit }), messages);
    assert.equal(behind[0], "");
  });
}

Deno.test("smtp ahead: recipients that were too many are not overtaken", async () => {
  await using relay = await server(() => ({
    rcpt: (_, n) => n === 1 ? "452 4.5.3 too many recipients" : "250 ok",
  }));
  const two = message("ann", { recipients: ["a1@example.com", "a2@example.com"] });
  const sent = await sendAll(relayOn(relay.script.port), [two, message("bob")]);
  assert.deepEqual(kindsOf(sent), ["sent,sent", "sent"]);
  assert.deepEqual(relay.taken, ["ann", "ann", "bob"]);
});

Deno.test("smtp ahead: the next message goes on although the one before is large", async () => {
  await using relay = await scriptedServer((peer) => converse(peer));
  const large = deliveryOf(["ann@example.com"], `${"x".repeat(998)}\r\n`.repeat(100));
  const sent = await sendAll(relayOn(relay.port), [large, message("bob"), message("cid")]);
  assert.deepEqual(kindsOf(sent), ["sent", "sent", "sent"]);
});
