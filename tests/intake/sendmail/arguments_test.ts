import assert from "node:assert/strict";
import fc from "fast-check";
import {
  readSendmailArguments,
  type SendmailCall,
} from "../../../src/intake/sendmail/arguments.ts";
import { MailqError } from "../../../src/queue/errors.ts";

const PLAIN: SendmailCall = {
  mode: "deliver",
  recipients: [],
  readsRecipients: false,
  ignoresDots: false,
  isVerbose: false,
};

function words(line: string): string[] {
  return line.split(" ").filter((word) => word !== "").map((word) => word === "''" ? "" : word);
}

/** Command lines of real programs, then each option by itself. */
const CALLS: readonly (readonly [string, Partial<SendmailCall>])[] = [
  ["-FCronDaemon -i -B8BITMIME -oem root", {
    fullName: "CronDaemon",
    ignoresDots: true,
    recipients: ["root"],
  }],
  ["-FCronDaemon -i -odi -oem -oi -t -f ann", {
    fullName: "CronDaemon",
    ignoresDots: true,
    readsRecipients: true,
    sender: "ann",
  }],
  ["-FAnacron -odi root", { fullName: "Anacron", recipients: ["root"] }],
  ["-i root", { ignoresDots: true, recipients: ["root"] }],
  ["-i a@b c@d", { ignoresDots: true, recipients: ["a@b", "c@d"] }],
  ["-t -i -fx@y", { readsRecipients: true, ignoresDots: true, sender: "x@y" }],
  ["-fx@y -i -t", { readsRecipients: true, ignoresDots: true, sender: "x@y" }],
  ["-bs", { mode: "smtp" }],
  ["-oem -oi -B8BITMIME -f x@y -N delay,failure -R hdrs -- a@b", {
    ignoresDots: true,
    sender: "x@y",
    notify: ["failure", "delay"],
    ret: "headers",
    recipients: ["a@b"],
  }],
  ["-oi -f x@y -t", { readsRecipients: true, ignoresDots: true, sender: "x@y" }],
  ["a@b c@d", { recipients: ["a@b", "c@d"] }],
  ["-oi -f x@y -oem -odb -t", { readsRecipients: true, ignoresDots: true, sender: "x@y" }],
  ["-oi -t", { readsRecipients: true, ignoresDots: true }],
  ["-f x@y a@b", { sender: "x@y", recipients: ["a@b"] }],
  ["", {}],
  ["-ti", { readsRecipients: true, ignoresDots: true }],
  ["-itvfx@y", { readsRecipients: true, ignoresDots: true, isVerbose: true, sender: "x@y" }],
  ["a@b -f x@y c@d", { sender: "x@y", recipients: ["a@b", "c@d"] }],
  ["-- -f x@y", { recipients: ["-f", "x@y"] }],
  ["-i -- a@b -- -t", { ignoresDots: true, recipients: ["a@b", "--", "-t"] }],
  ["-", { recipients: ["-"] }],
  ["-f -i a@b", { sender: "-i", recipients: ["a@b"] }],
  ["-f '' a@b", { sender: "", recipients: ["a@b"] }],
  ["-f <> a@b", { sender: "<>", recipients: ["a@b"] }],
  ["-r x@y a@b", { sender: "x@y", recipients: ["a@b"] }],
  ["-rx@y -fz@y a@b", { sender: "z@y", recipients: ["a@b"] }],
  ["-F Ann a@b", { fullName: "Ann", recipients: ["a@b"] }],
  ["-o i a@b", { ignoresDots: true, recipients: ["a@b"] }],
  ["-bm a@b", { recipients: ["a@b"] }],
  ["-ba -t -i", { readsRecipients: true, ignoresDots: true }],
  ["-t -i -ba", { readsRecipients: true, ignoresDots: true }],
  ["-bq", { mode: "list" }],
  ["-bq -t -i", { readsRecipients: true, ignoresDots: true }],
  ["a@b -bq", { recipients: ["a@b"] }],
  ["-bq -bp a@b", { mode: "list", recipients: ["a@b"] }],
  ["-bP", { mode: "list" }],
  ["-bt", { mode: "nothing" }],
  ["--config=/x/a@b c@d", { recipients: ["--config=/x/a@b", "c@d"] }],
  ["-i --queue=a@b", { ignoresDots: true, recipients: ["--queue=a@b"] }],
  ["-b p", { mode: "list" }],
  ["-bp", { mode: "list" }],
  ["-vbp", { mode: "list", isVerbose: true }],
  ["-bd -q15m", { mode: "service" }],
  ["-q15m -bd", { mode: "service" }],
  ["-bD", { mode: "service" }],
  ["-bv a@b", { mode: "verify", recipients: ["a@b"] }],
  ["-bi", { mode: "aliases" }],
  ["-bh", { mode: "nothing" }],
  ["-bH", { mode: "nothing" }],
  ["-I", { mode: "aliases" }],
  ["-q", { mode: "send" }],
  ["-vq", { mode: "send", isVerbose: true }],
  ["-q -v", { mode: "send", isVerbose: true }],
  ["-q1h", { mode: "send" }],
  ["-qIabc", { mode: "send", id: "abc" }],
  ["-qRexample.org", { mode: "send" }],
  ["-qSann", { mode: "send" }],
  ["-N never a@b", { notify: ["never"], recipients: ["a@b"] }],
  ["-N SUCCESS,Delay a@b", { notify: ["success", "delay"], recipients: ["a@b"] }],
  ["-R FULL a@b", { ret: "full", recipients: ["a@b"] }],
  ["-Rhdrs a@b", { ret: "headers", recipients: ["a@b"] }],
  ["-V id+1=x a@b", { envid: "id+1=x", recipients: ["a@b"] }],
];

for (const [line, expected] of CALLS) {
  Deno.test(`readSendmailArguments: ${line || "nothing at all"}`, () => {
    assert.deepEqual(readSendmailArguments(words(line)), { ...PLAIN, ...expected });
  });
}

const IGNORED =
  "-Ac -Am -C/etc/x -c -d -d0.1 -em -ep -eq -G -h25 -Ltag -m -n -oA/etc/aliases -Ok=v " +
  "-om -o7 -o8 -pESMTP -Q -Qwhy -Dlog -U -X/tmp/log -x -odi -odb -odq -oem -oep -B7BIT -B8BITMIME";

Deno.test("readSendmailArguments: what mailq has no use for changes nothing", () => {
  for (const option of IGNORED.split(" ")) {
    assert.deepEqual(
      readSendmailArguments([option, "a@b"]),
      { ...PLAIN, recipients: ["a@b"] },
      option,
    );
  }
  for (const option of "-A -B -C -D -L -O -X -e -h -o -p".split(" ")) {
    assert.deepEqual(
      readSendmailArguments([option, "c", "a@b"]),
      { ...PLAIN, recipients: ["a@b"] },
      `${option} takes the next argument`,
    );
  }
});

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["-s subject a@b", /-s: sendmail has no such option/],
  ["-iz", /-z/],
  ["--sender x@y", /"--sender" here: mailq's own options stand before/],
  ["--queue /tmp/q.db a@b", /"--queue" here/],
  ["--help", /"--help" here/],
  ["-f", /-f: expected a value after it/],
  ["-tif", /-f: expected a value/],
  ["-qI", /-qI: expected a message's id/],
  ["-N sometimes", /"sometimes": expected never/],
  ["-N never,success", /expected never, or/],
  ["-N ,", /expected never/],
  ["-R all", /full or hdrs/],
  [`-V ${"x".repeat(101)}`, /up to 100 printable/],
  ["-V é", /printable/],
];

for (const [line, pattern] of REFUSED) {
  Deno.test(`readSendmailArguments: refuses ${line.slice(0, 40)}`, () => {
    assert.throws(() => readSendmailArguments(words(line)), (error: unknown) => {
      assert.ok(error instanceof MailqError);
      assert.equal(error.code, "usage");
      assert.match(error.message, pattern);
      return true;
    });
  });
}

Deno.test("readSendmailArguments: refuses no -b mode, and takes the mail of those it does not know", () => {
  const letters = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
  for (const mode of [...letters, "", "constructor", "__proto__", "é"]) {
    const { mode: read } = readSendmailArguments(["-b", mode, "a@b"]);
    const known = {
      p: "list",
      P: "list",
      s: "smtp",
      d: "service",
      D: "service",
      v: "verify",
      i: "aliases",
    };
    const idle = [..."hHt"].includes(mode) ? "nothing" : "deliver";
    assert.equal(read, new Map(Object.entries(known)).get(mode) ?? idle, mode);
  }
});

Deno.test("readSendmailArguments: whatever it is given, it ends, and makes no recipient up", () => {
  const argument = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(..."-tifqbNRVoFrAv@ab, I") }),
    fc.constantFrom("--", "-t", "-i", "-f", "-bs", "-q", "-N", "never", "a@b.c"),
  );
  fc.assert(
    fc.property(fc.array(argument, { maxLength: 12 }), (argv) => {
      let call: SendmailCall;
      try {
        call = readSendmailArguments(argv);
      } catch (error) {
        assert.ok(error instanceof MailqError && error.code === "usage", String(error));
        return;
      }
      // In their order, and each of them an argument.
      let at = 0;
      for (const recipient of call.recipients) {
        at = argv.indexOf(recipient, at) + 1;
        assert.ok(at > 0, recipient);
      }
      const end = argv.indexOf("--");
      const options = end < 0 ? argv : argv.slice(0, end);
      const isAddress = (one: string) => one.startsWith("--") && one.includes("@");
      if (options.every((one) => !one.startsWith("-") || one === "-" || isAddress(one))) {
        const after = end < 0 ? [] : argv.slice(end + 1);
        assert.deepEqual(call, { ...PLAIN, recipients: [...options, ...after] });
      }
    }),
    { numRuns: 3_000 },
  );
});
