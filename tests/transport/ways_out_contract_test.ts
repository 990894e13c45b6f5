import { execRelay } from "../../src/transport/program/exec.ts";
import { fileRelay } from "../../src/transport/mailbox/file.ts";
import { maildirRelay } from "../../src/transport/mailbox/maildir.ts";
import { sendmailRelay } from "../../src/transport/program/sendmail.ts";
import { testTransport } from "../contract/transport_contract.ts";
import { bytesOf } from "../intake/intake_options.ts";
import { messageBelow, WayOut } from "../support/way_out.ts";

// Keeps each whole message under a name that sorts by time, and can be told to fail once.
const KEEP = `
if rm "$HERE/fail" 2>/dev/null; then exit 75; fi
mkdir -p "$HERE/kept"
cat > "$HERE/part.$$" && mv "$HERE/part.$$" "$HERE/kept/$(date +%s%N).$$"
`;

testTransport("sendmail", async () => {
  const way = await WayOut.make();
  const path = await way.script("sendmail", KEEP);
  return {
    relay: sendmailRelay({ name: "test", path }),
    arrived: () => way.names("kept").map((name) => messageBelow(0, way.read(`kept/${name}`))),
    breakOnce: () => Deno.writeTextFileSync(`${way.path}/fail`, ""),
    [Symbol.asyncDispose]: () => way[Symbol.asyncDispose](),
  };
});

testTransport("exec", async () => {
  const way = await WayOut.make();
  return {
    relay: execRelay({ name: "test", command: `HERE='${way.path}'\n${KEEP}` }),
    arrived: () => way.names("kept").map((name) => bytesOf(way.read(`kept/${name}`))),
    breakOnce: () => Deno.writeTextFileSync(`${way.path}/fail`, ""),
    [Symbol.asyncDispose]: () => way[Symbol.asyncDispose](),
  };
});

testTransport("maildir", async () => {
  const way = await WayOut.make();
  let isBroken = false;
  let now = Date.UTC(2026, 10, 22);
  const clock = {
    now() {
      // Just before the message is written.
      if (isBroken) Deno.removeSync(`${way.path}/box/tmp`);
      isBroken = false;
      // Names sort by time: each message has a second of its own.
      return now += 1_000;
    },
  };
  return {
    relay: maildirRelay({ name: "test", path: `${way.path}/box`, hostname: "host.test", clock }),
    arrived: () => way.names("box/new").map((name) => messageIn(way.read(`box/new/${name}`))),
    breakOnce: () => isBroken = true,
    [Symbol.asyncDispose]: () => way[Symbol.asyncDispose](),
  };
});

testTransport("file", async () => {
  const way = await WayOut.make();
  let isBroken = false;
  const clock = {
    now() {
      if (!isBroken) return 0;
      isBroken = false;
      throw new Error("The clock stands still");
    },
  };
  return {
    relay: fileRelay({ name: "test", path: `${way.path}/mbox`, clock }),
    arrived: () => way.names(".").includes("mbox") ? messagesOf(way.read("mbox")) : [],
    breakOnce: () => isBroken = true,
    [Symbol.asyncDispose]: () => way[Symbol.asyncDispose](),
  };
});

/** The message below the envelope's fields. */
function messageIn(text: string): Uint8Array {
  return messageBelow(text.match(/^(?:Return-Path|Delivered-To): .*$/gm)?.length ?? 0, text);
}

/** The messages of an mboxrd file. */
function messagesOf(text: string): Uint8Array[] {
  return text.split(/^From .*\n/m).slice(1).map((part) =>
    messageIn(part.replace(/\n$/, "").replace(/^>(>*From )/gm, "$1"))
  );
}
