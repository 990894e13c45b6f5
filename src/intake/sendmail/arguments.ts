// Reads the command line of sendmail(1) as Postfix's and Sendmail's getopt do. app/sendmail calls it
// and does what it asks for; global options are cli/frame/globals.ts's.

import type { RecipientDsn } from "../../queue/dsn.ts";
import { MailqError } from "../../queue/errors.ts";

/** What a sendmail(1) command line asks for. */
type SendmailMode =
  /** `-bm`, the default, and `-ba`: take a message from stdin. */
  | "deliver"
  /** `-bp`: list the queue. */
  | "list"
  /** `-bs`: speak SMTP on stdin and stdout. */
  | "smtp"
  /** `-q`: send what is queued. */
  | "send"
  /** `-bd`: run the service. */
  | "service"
  /** `-bv`: say of each address whether mail for it would be taken. */
  | "verify"
  /** `-bi`, `-I`: check the aliases. */
  | "aliases"
  /** `-bh`, `-bH`, `-bt`: what mailq has no use for. */
  | "nothing";

/** A sendmail(1) command line, read. */
export interface SendmailCall {
  readonly mode: SendmailMode;
  /** As they were given; each may be an address list. */
  readonly recipients: readonly string[];
  /** `-t`: the header's recipients count too. */
  readonly readsRecipients: boolean;
  /** `-i`, `-oi`: a lone dot does not end the input. */
  readonly ignoresDots: boolean;
  /** `-f`, `-r`; empty or `<>` is the null sender. */
  readonly sender?: string;
  /** `-F`. */
  readonly fullName?: string;
  /** `-N`. */
  readonly notify?: RecipientDsn["notify"];
  /** `-R`. */
  readonly ret?: "full" | "headers";
  /** `-V`. */
  readonly envid?: string;
  /** `-qI<id>`: only this message is sent. */
  readonly id?: string;
  readonly isVerbose: boolean;
}

// Postfix's getopt string and sendmail's -d, -D and -Q. A value may follow its letter at once or be
// the next argument; that of -d, -q and -Q is optional and only follows at once.
const FLAGS = "GIUcimntvx";
const WITH_VALUE = "ABCDFLNORVXbefhopr";
const WITH_OPTIONAL_VALUE = "Qdq";

/** By what follows `-b`. Any other delivers: to refuse it would lose a program's mail. */
const MODES: Readonly<Record<string, SendmailMode>> = {
  p: "list",
  P: "list",
  s: "smtp",
  d: "service",
  D: "service",
  v: "verify",
  i: "aliases",
  h: "nothing",
  H: "nothing",
  t: "nothing",
  // dma's "queue only", where there is a message to queue.
  q: "list",
};

/** RFC 3461 4.4: an envelope's name has room for 100 characters. */
const MAX_ENVID_LENGTH = 100;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type CallAtHand = Mutable<SendmailCall> & { hasBq?: boolean };

/** Reads the arguments of sendmail(1). Options may stand among the recipients, as getopt has it;
 *  `--` ends them. What mailq has no use for is passed over. Throws `usage` for what sendmail
 *  does not know either, and for values that cannot be meant. No long option is one of sendmail's:
 *  a word such as `--config=/x/a@example.org` is an address. */
export function readSendmailArguments(argv: readonly string[]): SendmailCall {
  const recipients: string[] = [];
  const call: CallAtHand = {
    mode: "deliver",
    recipients,
    readsRecipients: false,
    ignoresDots: false,
    isVerbose: false,
  };
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] ?? "";
    if (arg === "--") {
      recipients.push(...argv.slice(i + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-" || (arg.startsWith("--") && arg.includes("@"))) {
      recipients.push(arg);
      continue;
    }
    for (let at = 1; at < arg.length; at++) {
      const letter = arg[at] ?? "";
      const rest = arg.slice(at + 1);
      if (FLAGS.includes(letter)) {
        takeFlag(call, letter);
        continue;
      }
      if (WITH_OPTIONAL_VALUE.includes(letter)) takeOptionalValue(call, letter, rest);
      else if (!WITH_VALUE.includes(letter)) throw unknownOption(arg, letter);
      else if (rest !== "") takeValue(call, letter, rest);
      else {
        const next = argv[++i];
        if (next === undefined) throw usage(`Cannot use -${letter}: expected a value after it`);
        takeValue(call, letter, next);
      }
      break;
    }
  }
  const { hasBq, ...read } = call;
  const hasMessage = call.readsRecipients || recipients.length > 0;
  return hasBq && hasMessage ? { ...read, mode: "deliver" } : read;
}

function takeFlag(call: Mutable<SendmailCall>, letter: string): void {
  if (letter === "t") call.readsRecipients = true;
  else if (letter === "i") call.ignoresDots = true;
  else if (letter === "v") call.isVerbose = true;
  else if (letter === "I") call.mode = "aliases";
}

function takeOptionalValue(call: Mutable<SendmailCall>, letter: string, value: string): void {
  if (letter !== "q") return;
  // With -bd the value says how often; the service needs no telling.
  if (call.mode !== "service") call.mode = "send";
  if (!value.startsWith("I")) return;
  if (value === "I") throw usage("Cannot use -qI: expected a message's id, such as -qI7kq3vd");
  call.id = value.slice(1);
}

function takeValue(call: CallAtHand, letter: string, value: string): void {
  switch (letter) {
    case "b":
      call.mode = Object.hasOwn(MODES, value) ? MODES[value] ?? "deliver" : "deliver";
      call.hasBq = value === "q";
      return;
    case "o":
      if (value === "i") call.ignoresDots = true;
      return;
    case "f":
    case "r":
      call.sender = value;
      return;
    case "F":
      call.fullName = value;
      return;
    case "N":
      call.notify = readNotify(value);
      return;
    case "R":
      call.ret = readReturn(value);
      return;
    case "V":
      call.envid = readEnvelopeId(value);
  }
}

/** RFC 3461 4.1: `never` alone, or any of the others. */
function readNotify(value: string): RecipientDsn["notify"] {
  const words = new Set(value.toLowerCase().split(",").map((word) => word.trim()));
  if (words.size === 1 && words.has("never")) return ["never"];
  const wishes = (["success", "failure", "delay"] as const).filter((wish) => words.has(wish));
  if (wishes.length === words.size) return wishes;
  throw usage(
    `Cannot use -N ${JSON.stringify(value)}: expected never, or success, failure and delay ` +
      "with commas between them",
  );
}

function readReturn(value: string): "full" | "headers" {
  const wanted = value.toLowerCase();
  if (wanted === "full") return "full";
  if (wanted === "hdrs") return "headers";
  throw usage(`Cannot use -R ${JSON.stringify(value)}: expected full or hdrs`);
}

function readEnvelopeId(value: string): string {
  if (/^[ -~]+$/.test(value) && value.length <= MAX_ENVID_LENGTH) return value;
  throw usage(
    `Cannot use -V ${JSON.stringify(value.slice(0, MAX_ENVID_LENGTH))}: expected up to ` +
      `${MAX_ENVID_LENGTH} printable characters`,
  );
}

function unknownOption(arg: string, letter: string): MailqError {
  const hint = arg.startsWith("--")
    ? `${
      JSON.stringify(arg)
    } here: mailq's own options stand before \`sendmail\` (help: \`mailq --help sendmail\`)`
    : `-${letter}: sendmail has no such option`;
  return usage(`Cannot use ${hint}`);
}

function usage(text: string): MailqError {
  return new MailqError("usage", text);
}
