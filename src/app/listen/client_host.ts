// The host of one client's SMTP session (src/intake/smtp/host.ts): what it may do, by where it comes
// from, and what becomes of its mail. Made by listeners.ts for each connection.

import { isInNetwork, isLoopbackAddress } from "../../config/tables/networks.ts";
import type { ListenSettings } from "../../config/tables/listen.ts";
import type { Settings } from "../../config/settings.ts";
import type {
  SmtpDrops,
  SmtpEnvelope,
  SmtpHost,
  SmtpSecurity,
  SmtpText,
} from "../../intake/smtp/host.ts";
import { MailqError } from "../../queue/errors.ts";
import type { Timers } from "../../system/time.ts";
import type { App } from "../app.ts";
import type { IntakeWishes } from "../enqueue/options.ts";
import type { Connection } from "./connection.ts";
import { CONNECTION_LIMITS, MAX_FILE_BYTES, MAX_SUBMIT_BYTES, MEMORY_BYTES } from "./limits.ts";
import { checkSmtpRecipient, MessageText } from "./smtp_intake.ts";
import type { TakeDrop } from "./take_drop.ts";
import { type TakeMail, takerOf } from "./take_mail.ts";
import type { TlsKeys } from "./tls_keys.ts";
import { traceField } from "./trace_field.ts";
import type { Users } from "./logins/users.ts";

/** What the listeners go by until the settings are read anew. */
export interface ListenPlan {
  readonly settings: Settings;
  readonly listen: ListenSettings;
  readonly tls: TlsKeys | null;
  readonly users: Users | null;
}

/** What all clients share. */
export interface Shared {
  readonly app: Pick<App, "clock" | "random" | "user" | "tell">;
  readonly timers: Timers;
  plan(): ListenPlan;
  readonly queue: TakeMail;
  /** Takes mail that came back. */
  readonly bounced: TakeMail;
  readonly takeDrop: TakeDrop;
  /** The folder for texts that are too long for memory. */
  readonly folder: string;
  /** Bytes in such files at this moment. */
  fileBytes: number;
  /** Texts that are coming in, or are whole and not yet on disk. */
  texts: number;
}

/** Where a client comes from. */
export interface Origin {
  /** Its address; null for a program of this machine that came by a socket in the file system. */
  readonly address: string | null;
  /** Whether it came by listen.submit. */
  readonly isSubmit: boolean;
}

/** Whether a client needs no login: it is of this machine, or of a network that may send. */
export function maySendUnnamed(
  { address }: Pick<Origin, "address">,
  { allow }: ListenSettings,
): boolean {
  if (address === null || isLoopbackAddress(address)) return true;
  return allow.some((network) => isInNetwork(address, network));
}

/** Where a client comes from, for people. */
export function originText({ address }: Pick<Origin, "address">): string {
  return address ?? "this machine";
}

/** The host of one client. */
export class ClientHost implements SmtpHost, SmtpSecurity {
  readonly limits = CONNECTION_LIMITS;

  constructor(
    readonly shared: Shared,
    readonly connection: Connection,
    readonly origin: Origin,
  ) {}

  get hostname(): string {
    return this.#settings.hostname;
  }

  get maxSizeBytes(): number {
    return this.#settings.maxSizeBytes;
  }

  get #settings(): Settings {
    return this.shared.plan().settings;
  }

  get security(): SmtpSecurity {
    return this;
  }

  get offersTls(): boolean {
    return this.shared.plan().tls !== null && !this.connection.isTls;
  }

  async startTls(): Promise<boolean> {
    const { tls } = this.shared.plan();
    const { tell } = this.shared.app;
    if (tls === null) return false;
    const isSecure = await this.connection.secure(tls.context((text) => tell.warn(text)));
    if (!isSecure) tell.detail(`TLS with ${originText(this.origin)} has failed`);
    return isSecure;
  }

  get login(): SmtpSecurity["login"] {
    if (this.shared.plan().users === null) return "none";
    const { address } = this.origin;
    const isSafe = this.connection.isTls || address === null || isLoopbackAddress(address);
    return isSafe ? "offered" : "after TLS";
  }

  get needsLogin(): boolean {
    return !maySendUnnamed(this.origin, this.shared.plan().listen);
  }

  async verify(user: string, password: string): Promise<"right" | "wrong" | "busy"> {
    const { users } = this.shared.plan();
    const { tell } = this.shared.app;
    if (users === null) return "busy";
    this.connection.awaits("nothing");
    const verdict = await users.verify(user, password, (text) => tell.warn(text));
    if (verdict === "wrong") {
      tell.event({ type: "login.failed", user, client: this.origin.address });
      await new Promise<void>((resolve) => this.shared.timers.after(WRONG_PASSWORD_MS, resolve));
    }
    this.connection.awaits("command");
    return verdict;
  }

  get drops(): SmtpDrops | null {
    if (!this.origin.isSubmit) return null;
    const { app: { tell }, takeDrop } = this.shared;
    return {
      maxSizeBytes: MAX_SUBMIT_BYTES,
      take: async (text) => {
        this.connection.awaits("nothing");
        const ids = await takeDrop(text);
        tell.event({ type: "message.enqueued", ids, submitter: null, way: "submit", client: null });
      },
    };
  }

  async checkRecipient(recipient: string): Promise<void> {
    await checkSmtpRecipient(this.shared.app, this.#settings, recipient);
  }

  newText(): SmtpText {
    this.connection.awaits("text");
    this.shared.texts++;
    return new ClientText(this.shared, () => this.connection.awaits("command"));
  }

  async queue(
    envelope: SmtpEnvelope,
    text: SmtpText,
    onQueued: (id: string) => void,
  ): Promise<void> {
    if (!(text instanceof ClientText)) throw new Error("a text of another host");
    const { app, queue } = this.shared;
    const take = takerOf(envelope, this.shared, this.#settings.bounce.address);
    this.connection.awaits("nothing");
    try {
      const id = await take({ envelope, text, wishes: this.#wishes(envelope) });
      onQueued(id);
      if (take !== queue) return;
      const { address: client } = this.origin;
      const submitter = envelope.client.user;
      const way = this.origin.isSubmit ? "submit" : "smtp";
      app.tell.event({ type: "message.enqueued", ids: [id], submitter, way, client });
    } catch (error) {
      if (!(error instanceof MailqError)) {
        app.tell.warn(`a message of ${originText(this.origin)} could not be taken in: ${error}`);
      }
      throw error;
    }
  }

  #wishes({ client, mail }: SmtpEnvelope): IntakeWishes {
    const { address } = this.origin;
    const submitter = client.user ?? undefined;
    // RFC 5321 4.4 is about mail that comes over a network.
    if (address === null) return { submitter };
    const { hostname, connection: { isTls }, shared } = this;
    const facts = { client, address, hostname, isTls, isUtf8: mail.isUtf8 };
    return {
      submitter,
      trace: (id: string) => traceField({ ...facts, now: shared.app.clock.now() }, id),
    };
  }
}

/** A wrong password costs its client so long. */
const WRONG_PASSWORD_MS = 1_000;

/** A text that counts towards what all clients may keep in files. */
class ClientText extends MessageText {
  #counted = 0;
  #isOver = false;

  constructor(readonly shared: Shared, readonly onOver: () => void) {
    super({ memoryBytes: MEMORY_BYTES, folder: shared.folder });
  }

  override write(bytes: Uint8Array): void {
    if (this.sizeBytes + bytes.length > MEMORY_BYTES) {
      if (this.shared.fileBytes + bytes.length > MAX_FILE_BYTES) {
        throw new MailqError(
          "disk_full",
          "Cannot keep the message while it comes: too many large ones come at this moment",
        );
      }
    }
    super.write(bytes);
    this.shared.fileBytes += this.fileBytes - this.#counted;
    this.#counted = this.fileBytes;
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.shared.fileBytes -= this.#counted;
    this.#counted = 0;
    if (this.#isOver) return;
    this.#isOver = true;
    this.shared.texts--;
    this.onOver();
  }
}
