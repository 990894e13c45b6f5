// Makes the reports that are due (RFC 3464) and queues them as ordinary mail, and above the limit of an
// hour one digest in their place. `send` and `run` call it after their rounds. What is due stands in the
// queue (src/queue/ports/reports.ts), and goes in the commit that queues its report.

import type { Settings } from "../../config/settings.ts";
import { prepareMessage } from "../../intake/prepare.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import type { MessageDetail, WholeMessage } from "../../queue/message.ts";
import { isInForce } from "../../queue/policy/pause.ts";
import type { DueReport } from "../../queue/ports/reports.ts";
import type { Store } from "../../queue/ports/store.ts";
import { hexText } from "../../system/bytes.ts";
import { LastTime } from "../../delivery/last_time.ts";
import type { App } from "../app.ts";
import { HOOK_TAG, intakeSettings } from "../enqueue/options.ts";
import { composeReport } from "./compose.ts";
import { composeDigest, type ListedMessage } from "./digest.ts";
import { isAnswer, readReturned } from "./returned.ts";
import { type Told, toldOf } from "./told.ts";

type ReportApp = Pick<App, "clock" | "random" | "user" | "tell">;
type ReportSettings = Settings & { readonly bounce: { readonly to: string } };

/** The tag of reports and digests. */
const REPORT_TAG = "report";

const HOUR_MS = 60 * 60_000;
/** Who has refused a report gets none for so long. */
const REFUSED_MS = 24 * HOUR_MS;
/** Reports that are looked at, and noted, together. */
const AT_ONCE = 500;
/** Messages that one digest stands for, at most, and those of which it names the recipients. */
const DIGEST_MESSAGES = 100_000;
const DIGEST_LISTED = 1_000;

/** What takes long to look for is looked for so often. */
const LOOK_MS = 10_000;

/** Makes reports, for as long as the process goes on. */
export class Reporter {
  readonly #lastLook: LastTime;

  constructor(readonly app: ReportApp, readonly store: Store) {
    this.#lastLook = new LastTime(app.clock);
  }

  /** Makes all reports that are due; resolves to whether mail was queued. Delays and digests may have to
   *  wait for some seconds. Where nobody is to be told, what ends from now on is told to nobody, not
   *  later either. Rejects as the store does. */
  async make(settings: Settings): Promise<boolean> {
    const { app, store } = this;
    const { bounce } = settings;
    await store.wantReports(bounce.to !== null);
    if (bounce.to === null) return false;
    const isLook = !this.#lastLook.isWithin(LOOK_MS);
    if (isLook) this.#lastLook.note();
    if (isLook && bounce.delayMs !== null) {
      await store.noteDelays(app.clock.now() - bounce.delayMs);
    }
    // Narrowed above, which the compiler does not see of a part.
    const maker = new ReportMaker(app, settings as ReportSettings, store);
    await maker.makeDue();
    if (isLook) await maker.makeDigests();
    return maker.made > 0;
  }
}

class ReportMaker {
  /** Reports and digests that were queued. */
  made = 0;
  /** Addresses that have had their share of the hour. */
  readonly #full = new Set<string>();
  /** Senders that a relay refuses. */
  #refused: ReadonlySet<string> = new Set();

  constructor(
    readonly app: ReportApp,
    readonly settings: ReportSettings,
    readonly store: Store,
  ) {}

  async makeDue(): Promise<void> {
    const now = this.app.clock.now();
    for (;;) {
      const due = await this.store.dueReports(AT_ONCE);
      if (due.length === 0) return;
      const pauses = await this.store.pauses();
      this.#refused = new Set(
        pauses.filter((one) => one.scope === "sender" && one.isAutomatic && isInForce(one, now))
          .map(({ value }) => value),
      );
      await this.#takeAll(due);
    }
  }

  async #takeAll(due: readonly DueReport[]): Promise<void> {
    const done: DueReport[] = [];
    const waiting: DueReport[] = [];
    for (const report of due) {
      const end = await this.#take(report);
      if (end === "none") done.push(report);
      else if (end === "waits") waiting.push(report);
    }
    await this.#settle(done, "done");
    await this.#settle(waiting, "waiting");
  }

  /** Notes them together; one by one where another process was faster with some. */
  async #settle(reports: readonly DueReport[], becomes: "done" | "waiting"): Promise<void> {
    if (reports.length === 0 || await this.store.settleReports(reports, { becomes })) return;
    for (const report of reports) await this.store.settleReports([report], { becomes });
  }

  /** Makes a report where one is owed. `none`: there is nothing to tell, or nobody. `waits`: it is to be
   *  told in a digest. */
  async #take(report: DueReport): Promise<"settled" | "none" | "waits"> {
    const message = await this.store.show(report.id);
    if (message === null) return "none";
    if (message.sender === "") return await this.#takeOwn(report, message);
    const told = toldOf(message, report.kind, this.#isLocal);
    if (told.length === 0 || this.#refused.has(message.sender.toLowerCase())) return "none";
    const address = this.#addressFor(message.sender);
    const mail = await this.#reportOf(message, told);
    if (mail === null || !await this.#mayBeTold(mail)) return "none";
    if (!await this.#hasRoom(address)) return "waits";
    if (await this.store.settleReports([report], { becomes: "done", mail })) this.made++;
    return "settled";
  }

  /** A report that failed is told to nobody; whoever has refused it gets no more for a day. */
  async #takeOwn(report: DueReport, message: MessageDetail): Promise<"settled" | "none"> {
    const refused = message.tags.includes(REPORT_TAG)
      ? message.recipients.find(({ reason }) => reason === "permanent")
      : undefined;
    if (refused === undefined) return "none";
    await this.store.settleReports([report], { becomes: "done", refusedBy: refused.address });
    return "settled";
  }

  #addressFor(sender: string): string {
    const { to } = this.settings.bounce;
    return to === "sender" ? sender : to;
  }

  readonly #isLocal = (relay: string | null): boolean => {
    const kind = this.settings.relays.find(({ name }) => name === relay)?.target.kind;
    return kind !== undefined && ["lmtp", "lmtp_socket", "maildir", "file"].includes(kind);
  };

  /** The mail that tells of a message; null where it must not be told, or cannot be. */
  async #reportOf(message: MessageDetail, told: readonly Told[]): Promise<WholeMessage | null> {
    const hasFailed = told.some(({ action }) => action === "failed");
    const returned = await readReturned(this.store, message, hasFailed);
    if (returned !== null && isAnswer(returned)) return null;
    const to = this.#addressFor(message.sender);
    const { random } = this.app;
    const bytes = composeReport({
      to,
      hostname: this.settings.hostname,
      message,
      told,
      returned,
      lifetimeMs: this.settings.retry.lifetimeMs,
      boundary: `report_${hexText(random.bytes(16))}`,
    });
    // What a hook's mail brings about sets no hook off again.
    const hooks = message.tags.filter((tag) => tag.startsWith(HOOK_TAG));
    return await this.#prepare(bytes, to, hooks);
  }

  async #prepare(
    bytes: Uint8Array,
    to: string,
    tags: readonly string[] = [],
  ): Promise<WholeMessage | null> {
    const { app, settings } = this;
    try {
      const { message } = await prepareMessage(bytes, {
        from: "",
        to: [to],
        headerRecipients: "never",
        readsSchedule: false,
        tags: [REPORT_TAG, ...tags],
        dsn: { ret: null, envid: null, all: { notify: ["never"], orcpt: null } },
        // A report is as large as it is.
        settings: { ...intakeSettings(app, settings), maxSizeBytes: Infinity },
        now: app.clock.now(),
        random: app.random,
      });
      return message;
    } catch (error) {
      if (!(error instanceof MailqError)) throw error;
      app.tell.warn(`nobody is told of mail from ${to} that failed: ${errorText(error)}`);
      return null;
    }
  }

  /** Nobody who wants no mail, and nobody who has just refused such a report. */
  async #mayBeTold({ recipients }: WholeMessage): Promise<boolean> {
    const since = this.app.clock.now() - REFUSED_MS;
    if ((await this.store.suppressedAmong(recipients)).length === recipients.length) return false;
    for (const address of recipients) {
      if (await this.store.hasRefusedReport(address, since)) return false;
    }
    return true;
  }

  /** Takes a share of an address's hour. */
  async #hasRoom(address: string): Promise<boolean> {
    const key = address.toLowerCase();
    if (this.#full.has(key)) return false;
    const rate = { count: this.settings.bounce.limit, perMs: HOUR_MS };
    const full = await this.store.takeShares([{ scope: `report:${key}`, rate }]);
    if (full !== null) this.#full.add(key);
    return full === null;
  }

  async makeDigests(): Promise<void> {
    const senders = new Map<string, string[]>();
    for (const { sender } of await this.store.waitingReports()) {
      const address = this.#addressFor(sender);
      senders.set(address, [...senders.get(address) ?? [], sender]);
    }
    for (const [address, some] of senders) {
      if (await this.#hasRoom(address)) await this.#makeDigest(address, some);
    }
  }

  async #makeDigest(to: string, senders: readonly string[]): Promise<void> {
    const waiting = await this.store.waitingOf(senders, DIGEST_MESSAGES);
    const listed: ListedMessage[] = [];
    for (const { id, kind } of waiting.slice(0, DIGEST_LISTED)) {
      const message = await this.store.show(id);
      const told = message === null ? [] : toldOf(message, kind, this.#isLocal);
      if (told.length > 0) listed.push({ id, told });
    }
    const { hostname, bounce: { limit } } = this.settings;
    const bytes = composeDigest({ to, hostname, limit, messages: waiting.length, listed });
    const mail = await this.#prepare(bytes, to);
    const end = mail !== null && await this.#mayBeTold(mail)
      ? { becomes: "done", mail } as const
      : { becomes: "done" } as const;
    if (await this.store.settleReports(waiting, end) && "mail" in end) this.made++;
  }
}
