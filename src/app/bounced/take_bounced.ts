// Finds the message that a returned mail speaks of, and notes with its recipients that it came back. The
// command `bounced` and the listener call it. Nothing is ever answered: a returned mail has no sender.

import { ID_LENGTH, normaliseId } from "../../queue/ids.ts";
import type { MessageDetail } from "../../queue/message.ts";
import { readRefusal } from "../../queue/policy/refusals.ts";
import type { Bounce, Bounces } from "../../queue/ports/bounces.ts";
import type { Reader } from "../../queue/ports/reader.ts";
import { parseBounce } from "./parse.ts";
import type { ParsedBounce } from "./parsed.ts";
import { saidOf } from "./prose.ts";

type BouncedStore = Pick<Reader, "idsWithPrefix" | "list" | "show"> & Bounces;

/** A recipient that mail came back from. */
interface BouncedRecipient extends Bounce {
  readonly address: string;
  /** The same was noted before. */
  readonly isKnown: boolean;
  /** It is on the do-not-send list by that. */
  readonly isSuppressed: boolean;
}

/** What came of a returned mail. */
export type BouncedEnd =
  | { readonly id: string; readonly recipients: readonly BouncedRecipient[] }
  | { readonly id: null; readonly why: string };

export interface BouncedOptions {
  /** Whom the mail was handed to, where that is known. */
  readonly returnedTo: readonly string[];
  /** See Bounces.noteBounce. */
  readonly suppressAfter: number | null;
}

/** Messages that one key may stand for. */
const CANDIDATES = 10;

/** Takes a mail that came back. Rejects as the store does. */
export async function takeBounced(
  store: BouncedStore,
  bytes: Uint8Array,
  { returnedTo, suppressAfter }: BouncedOptions,
): Promise<BouncedEnd> {
  const parsed = await parseBounce(bytes);
  if (parsed === null) return { id: null, why: "it is no mail that came back" };
  const isAboutEnds = parsed.recipients.length === 0 ||
    parsed.recipients.some(({ action }) => action === "failed");
  if (!isAboutEnds) {
    return { id: null, why: `it tells of mail that is ${parsed.recipients[0]?.action}` };
  }
  let hasMessage = false;
  const all = { ...parsed, returnedTo: [...returnedTo, ...parsed.returnedTo] };
  for await (const { message, isSure } of candidates(store, all)) {
    hasMessage = true;
    const said = saidOfEach(message, parsed, isSure);
    const recipients = await note(store, message, said, suppressAfter);
    if (recipients.length > 0) return { id: message.id, recipients };
  }
  const why = hasMessage
    ? "it names no recipient that its message was sent to"
    : "it speaks of no message in the queue";
  return { id: null, why };
}

/** A message that it may speak of. */
interface Candidate {
  readonly message: MessageDetail;
  /** It speaks of no other. */
  readonly isSure: boolean;
}

/** The messages that it may speak of, the surest first. */
async function* candidates(store: BouncedStore, parsed: ParsedBounce): AsyncIterable<Candidate> {
  const seen = new Set<string>();
  for (const [ids, isSure] of [[namedIds, true], [idsOfSender, false]] as const) {
    for await (const id of ids(store, parsed)) {
      if (seen.has(id)) continue;
      seen.add(id);
      const message = await store.show(id);
      if (message !== null) yield { message, isSure };
    }
  }
}

async function* namedIds(
  store: BouncedStore,
  { returnedTo, envid, messageIds }: ParsedBounce,
): AsyncIterable<string> {
  for (const token of [...returnedTo.flatMap(tokensOf), ...tokensOf(envid ?? "")]) {
    yield* await store.idsWithPrefix(token, 1);
  }
  if (envid !== null) yield* await store.idsByEnvid(envid);
  for (const messageId of new Set(messageIds)) {
    yield* await idsOf(store, { search: messageId }, (one) => one.messageId === messageId);
    // Such a relay gives mail a Message-ID of its own, and told its beginning in its reply.
    const [, token] = /^<([\w-]{20,})@[\w.-]*amazonses\.com>$/.exec(messageId) ?? [];
    if (token !== undefined) yield* await idsOf(store, { error: token }, () => true);
  }
}

/** Who has a sender of its own for each message knows it by that. */
async function* idsOfSender(
  store: BouncedStore,
  { returnedTo }: ParsedBounce,
): AsyncIterable<string> {
  for (const address of new Set(returnedTo)) {
    const ids = await idsOf(store, { from: address }, ({ sender }) => isSame(sender, address));
    if (ids.length === 1) yield* ids;
  }
}

async function idsOf(
  store: BouncedStore,
  filter: Parameters<Reader["list"]>[0],
  isMeant: (message: { readonly sender: string; readonly messageId: string | null }) => boolean,
): Promise<string[]> {
  const ids: string[] = [];
  for await (const one of store.list(filter, { sort: "newest", after: null, limit: CANDIDATES })) {
    if (isMeant(one)) ids.push(one.id);
  }
  return ids;
}

/** Whole ids in an address's local part, or in an ENVID. */
function tokensOf(text: string): string[] {
  const local = text.includes("@") ? text.slice(0, text.lastIndexOf("@")) : text;
  return local.split(/[^\da-z]+/i).filter(({ length }) => length === ID_LENGTH)
    .map((token) => normaliseId(token)).filter((id) => id !== null);
}

type Said = readonly [address: string, bounce: Bounce];

/** Notes what is said of recipients of a message; resolves to those that were sent to. */
async function note(
  store: BouncedStore,
  message: MessageDetail,
  said: readonly Said[],
  suppressAfter: number | null,
): Promise<BouncedRecipient[]> {
  const noted: BouncedRecipient[] = [];
  for (const [address, bounce] of said) {
    const { kind, isSuppressed } = await store.noteBounce(
      { id: message.id, address, ...bounce, isHard: isHard(bounce) },
      suppressAfter,
    );
    if (kind === "missing") continue;
    noted.push({ address, ...bounce, isKnown: kind === "known", isSuppressed });
  }
  return noted;
}

/** What the mail says of each recipient of the message. Where it names another address (an alias, a mailbox
 *  behind it) and the message is sure, the only recipient there is was meant. */
function saidOfEach(
  { recipients }: MessageDetail,
  { recipients: reported, prose, reporter }: ParsedBounce,
  isSure: boolean,
): Said[] {
  const addresses = recipients.map(({ address }) => address);
  const only = isSure && addresses.length === 1 ? addresses[0] : undefined;
  if (prose !== null) {
    const said = saidInProse(prose, addresses, reporter);
    return said.length > 0 || only === undefined
      ? said
      : saidInProse(`${only}\n${prose}`, addresses, reporter);
  }
  const failed = reported.filter(({ action }) => action === "failed");
  return failed.flatMap(({ addresses: named, bounce }): Said[] => {
    const isNamed = (address: string) => named.some((name) => isSame(name, address));
    const meant = recipients.find(({ address, dsn }) =>
      isNamed(address) || isNamed((dsn?.orcpt ?? "").replace(/^[\w-]+;/, ""))
    )?.address ?? (failed.length === 1 ? only : undefined);
    return meant === undefined ? [] : [[meant, bounce]];
  });
}

function saidInProse(prose: string, addresses: readonly string[], reporter: string | null): Said[] {
  return addresses.flatMap((address): Said[] => {
    const others = addresses.filter((other) => other !== address);
    const bounce = saidOf(prose, address, { others, reporter });
    return bounce === null ? [] : [[address, bounce]];
  });
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Whether the address itself is wrong or gone. What is said of our mail or of us (5.7.x) never is. */
function isHard({ code, enhanced, reply }: Bounce): boolean {
  const text = reply ?? "";
  if (enhanced?.startsWith("5.7.") || /\b5\.7\.\d/.test(text)) return false;
  if (enhanced !== null && !/^5\.0\.0$/.test(enhanced)) {
    return /^5\.1\.(?:[1236]|10)$/.test(enhanced);
  }
  if (code !== null && code < 500) return false;
  const { about } = readRefusal({ code: code ?? 550, enhanced: null, text }, "rcpt");
  return about === "recipient" && !/full|quota|storage|inactive|disabled/i.test(text);
}
