// Reads SMTP commands: the word, and what follows MAIL and RCPT. Called by session.ts, which obeys
// them or answers with the refusal thrown here.

import type { DsnRequest, RecipientDsn } from "../../queue/dsn.ts";
import { isAddress, isLocalName } from "../address/address_syntax.ts";
import { refused } from "./reply.ts";

/** A command's word in capitals and what follows it. */
interface SmtpCommand {
  readonly verb: string;
  readonly rest: string;
}

/** What MAIL says. */
export interface MailCommand extends Pick<DsnRequest, "ret" | "envid"> {
  /** Empty for the null sender. */
  readonly sender: string;
  readonly sizeBytes: number | null;
  readonly isUtf8: boolean;
  /** Whether RET or ENVID was given. */
  readonly asksDsn: boolean;
}

/** What RCPT says. */
export interface RcptCommand {
  /** With its domain, or the bare name of a local one. */
  readonly recipient: string;
  readonly dsn: RecipientDsn | null;
}

/** What BDAT says: how many bytes follow it, and whether they end the message. */
export interface BdatCommand {
  readonly sizeBytes: number;
  readonly isLast: boolean;
}

export function splitCommand(line: string): SmtpCommand {
  const text = line.trimEnd();
  const blank = text.indexOf(" ");
  if (blank < 0) return { verb: text.toUpperCase(), rest: "" };
  return { verb: text.slice(0, blank).toUpperCase(), rest: text.slice(blank + 1).trimStart() };
}

/** Reads what follows MAIL (RFC 5321 4.1.1.2); `offersLogin` if AUTH was offered. Throws Refused. */
export function readMail(
  rest: string,
  { offersLogin }: { readonly offersLogin: boolean },
): MailCommand {
  const [path, parameters] = splitPath(rest, "FROM:", "MAIL FROM:<ann@example.org>");
  let sizeBytes: number | null = null;
  let isUtf8 = false;
  let ret: DsnRequest["ret"] = null;
  let envid: string | null = null;
  for (const [name, value] of parameters) {
    switch (name) {
      case "SIZE":
        if (value === null || !/^\d{1,20}$/.test(value)) throw wrongParameter(name);
        sizeBytes = Number(value);
        break;
      case "BODY":
        if (!/^(?:7BIT|8BITMIME)$/i.test(value ?? "")) throw wrongParameter(name);
        break;
      case "SMTPUTF8":
        if (value !== null) throw wrongParameter(name);
        isUtf8 = true;
        break;
      case "RET":
        if (!/^(?:FULL|HDRS)$/i.test(value ?? "")) throw wrongParameter(name);
        ret = value?.toUpperCase() === "FULL" ? "full" : "headers";
        break;
      case "AUTH":
        // RFC 4954 5: who somebody else says has submitted it. Nothing here asks for that.
        if (!offersLogin) throw unknownParameter(name);
        if (value === null) throw wrongParameter(name);
        break;
      case "ENVID":
        // RFC 3461 4.4.
        if (value === null || value.length > 100) throw wrongParameter(name);
        envid = decodeXtext(value, name);
        break;
      default:
        throw unknownParameter(name);
    }
  }
  if (path !== "") checkAddress(path, isUtf8);
  return { sender: path, sizeBytes, isUtf8, ret, envid, asksDsn: ret !== null || envid !== null };
}

/** Reads what follows RCPT (RFC 5321 4.1.1.3). Throws Refused. */
export function readRcpt(rest: string, isUtf8: boolean): RcptCommand {
  const [path, parameters] = splitPath(rest, "TO:", "RCPT TO:<ann@example.org>");
  let notify: RecipientDsn["notify"] = [];
  let orcpt: string | null = null;
  for (const [name, value] of parameters) {
    if (value === null) throw wrongParameter(name);
    if (name === "NOTIFY") notify = readNotify(value);
    else if (name === "ORCPT") orcpt = readOriginal(value);
    else throw unknownParameter(name);
  }
  checkAddress(path, isUtf8);
  return { recipient: path, dsn: parameters.size === 0 ? null : { notify, orcpt } };
}

/** Reads what follows BDAT (RFC 3030 2). Throws Refused. */
export function readBdat(rest: string): BdatCommand {
  const [, digits, last] = /^(\d{1,15})(?: +(LAST))?$/i.exec(rest) ?? [];
  if (digits === undefined) throw refused(501, "5.5.4", "Syntax: BDAT 1000 LAST");
  return { sizeBytes: Number(digits), isLast: last !== undefined };
}

// A path of RFC 5321 4.1.2. Its source route is read and forgotten, as appendix C has it.
const PATH = /^<(?:@[^\s:<>"]*:)?((?:"(?:[^"\\]|\\.)*"|[^\s<>"])*)>(?: +(.*))?$/su;

function splitPath(
  rest: string,
  word: string,
  example: string,
): [path: string, parameters: ReadonlyMap<string, string | null>] {
  const match = rest.slice(0, word.length).toUpperCase() === word
    ? PATH.exec(rest.slice(word.length).trimStart())
    : null;
  if (match === null) throw refused(501, "5.5.4", `Syntax: ${example}`);
  return [match[1] ?? "", readParameters(match[2] ?? "")];
}

function readParameters(text: string): ReadonlyMap<string, string | null> {
  const parameters = new Map<string, string | null>();
  for (const word of text.split(" ")) {
    if (word === "") continue;
    const equals = word.indexOf("=");
    const name = (equals < 0 ? word : word.slice(0, equals)).toUpperCase();
    const value = equals < 0 ? null : word.slice(equals + 1);
    const isFine = /^[A-Z0-9][A-Z0-9-]*$/.test(name) && value !== "" && !value?.includes("=");
    if (!isFine || parameters.has(name)) throw wrongParameter(name);
    parameters.set(name, value);
  }
  return parameters;
}

function checkAddress(address: string, isUtf8: boolean): void {
  if (!isAddress(address) && !isLocalName(address)) {
    throw refused(553, "5.1.3", `Cannot use <${address}>: expected <name@example.org>`);
  }
  // RFC 6531 3.4.
  if (!isUtf8 && !/^[ -~]*$/.test(address)) {
    throw refused(553, "5.6.7", "Cannot use an address beyond ASCII: MAIL did not say SMTPUTF8");
  }
}

/** RFC 3461 4.1. */
function readNotify(value: string): RecipientDsn["notify"] {
  const wished = value.toLowerCase().split(",");
  if (wished.length === 1 && wished[0] === "never") return ["never"];
  const known = (["success", "failure", "delay"] as const).filter((one) => wished.includes(one));
  if (wished.every((one) => known.some((two) => one === two))) return known;
  throw wrongParameter("NOTIFY");
}

/** RFC 3461 4.2: a type and an address in xtext, 500 characters at most. */
function readOriginal(value: string): string {
  const [, type, address] = /^([A-Za-z\d-]+);(.+)$/s.exec(value) ?? [];
  if (type === undefined || address === undefined || value.length > 500) {
    throw wrongParameter("ORCPT");
  }
  return `${type};${decodeXtext(address, "ORCPT")}`;
}

/** RFC 3461 4: every character may be written as + and two hexadecimal digits. */
function decodeXtext(text: string, name: string): string {
  if (/\+(?![\dA-Fa-f]{2})/.test(text)) throw wrongParameter(name);
  const decoded = text.replace(
    /\+(..)/g,
    (_, digits: string) => String.fromCharCode(parseInt(digits, 16)),
  );
  // Neither an address nor a name has control characters; whoever reads this may obey them.
  if (/\p{Cc}/u.test(decoded)) throw wrongParameter(name);
  return decoded;
}

function wrongParameter(name: string) {
  return refused(501, "5.5.4", `Cannot use the parameter ${name} as it stands`);
}

function unknownParameter(name: string) {
  return refused(555, "5.5.4", `Cannot use the parameter ${name}: it was not offered`);
}
