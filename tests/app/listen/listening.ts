import { Listeners } from "../../../src/app/listen/listeners.ts";
import { joinBytes } from "../../../src/system/bytes.ts";
import { systemTimers, type Timers } from "../../../src/system/time.ts";
import { TestApp } from "../../support/app.ts";
import { SmtpTalk } from "../../support/smtp_talk.ts";

const FIXTURES = new URL("../../fixtures/tls/", import.meta.url).pathname;

/** A certificate for localhost that the tests' authority has signed. */
export const TLS_SETTINGS = {
  "listen.tls.cert": `${FIXTURES}server.pem`,
  "listen.tls.key": `${FIXTURES}key.pem`,
};

/** Listeners in this process, on a queue of their own. */
export class Listening implements AsyncDisposable {
  private constructor(readonly app: TestApp, readonly listeners: Listeners) {}

  static async start(
    given: Readonly<Record<string, string | number>> = {},
    timers: Timers = systemTimers,
  ): Promise<Listening> {
    const app = await TestApp.make({ "listen.smtp": "127.0.0.1:0", ...given });
    try {
      return new Listening(app, await Listeners.open(app, timers, await app.settings()));
    } catch (error) {
      await app[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where the first of them listens. */
  get place(): string {
    return this.listeners.places[0]?.replace("smtps://", "") ?? "";
  }

  /** The bytes of the first message. */
  async content(): Promise<string> {
    const [message] = await this.app.messages();
    const pieces = await this.app.look((store) =>
      Array.fromAsync(store.content(message?.seq ?? 0))
    );
    return new TextDecoder().decode(joinBytes(pieces));
  }

  talk(): Promise<SmtpTalk> {
    return SmtpTalk.greeted(this.place);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listeners[Symbol.asyncDispose]();
    await this.app[Symbol.asyncDispose]();
  }
}
