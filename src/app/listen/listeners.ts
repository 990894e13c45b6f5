// The listeners of the service: opens their sockets, lets clients in as far as there is room, and
// closes them. Called by the thread of the listeners (thread/in_thread.ts). What a client may do is
// client_host.ts's, what is said src/intake/smtp's.

import type { Socket } from "node:net";
import { addressText, type ListenAddress } from "../../config/tables/listen.ts";
import type { Settings } from "../../config/settings.ts";
import { SmtpSession } from "../../intake/smtp/session.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import type { Store } from "../../queue/ports/store.ts";
import { isOnPostgres, queuePath } from "../../store/open.ts";
import { folderOf } from "../../system/files.ts";
import type { Timers } from "../../system/time.ts";
import type { App } from "../app.ts";
import { Clients } from "./clients.ts";
import {
  ClientHost,
  type ListenPlan,
  maySendUnnamed,
  type Origin,
  originText,
  type Shared,
} from "./client_host.ts";
import { Connection } from "./connection.ts";
import { GroupCommit } from "./group_commit.ts";
import { closePlan, readPlan } from "./plan.ts";
import { type OpenSocket, openSocket } from "./sockets.ts";
import { dropTaker } from "./take_drop.ts";
import { bouncedTaker, queueTaker } from "./take_mail.ts";

/** The name of the listener of listen.submit. */
const SUBMIT = "submit";

/** What the listeners take of the program around them. */
export type ListenApp = Pick<
  App,
  "clock" | "random" | "env" | "user" | "tell" | "openQueue" | "closeQueue"
>;

/** The open listeners of a queue. */
export class Listeners implements AsyncDisposable {
  readonly #sockets = new Map<string, OpenSocket>();
  readonly #clients: Clients;
  readonly #shared: Shared;
  readonly #conversations = new Set<Promise<void>>();
  #isClosing = false;
  #submitted: Promise<Store> | null = null;
  /** Those it began with: the queue stays the same. */
  readonly #settings: Settings;

  private constructor(
    readonly app: ListenApp,
    readonly timers: Timers,
    readonly store: Store,
    private plan: ListenPlan,
  ) {
    this.#settings = plan.settings;
    this.#clients = new Clients(timers, () => this.plan.listen);
    const intake = new GroupCommit(store, { timers, expected: () => this.#shared.texts });
    this.#shared = {
      app,
      timers,
      plan: () => this.plan,
      queue: queueTaker(app, intake, () => this.plan.settings),
      bounced: bouncedTaker(store, () => this.plan.settings),
      takeDrop: dropTaker(app, () => this.#submitStore(), () => this.plan.settings),
      folder: isOnPostgres(plan.settings.queue) ? "/tmp" : folderOf(queuePath(plan.settings.queue)),
      fileBytes: 0,
      texts: 0,
    };
  }

  /** Opens all listeners of the settings. Throws `config_invalid` for settings that cannot be used,
   *  `busy` for an address in use, `permission`, and the errors of opening the queue. */
  static async open(app: ListenApp, timers: Timers, settings: Settings): Promise<Listeners> {
    const plan = readPlan(app, settings);
    const store = await openQueue(app, settings, "smtp");
    const listeners = new Listeners(app, timers, store, plan);
    try {
      await listeners.#openSockets(plan);
      return listeners;
    } catch (error) {
      await listeners[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The queue again, for what comes by listen.submit: each way in is counted by itself. */
  #submitStore(): Promise<Store> {
    return this.#submitted ??= openQueue(this.app, this.#settings, "submit").catch((error) => {
      this.#submitted = null;
      throw error;
    });
  }

  /** Where they listen: host and port, or a path. */
  get places(): readonly string[] {
    return [...this.#sockets.values()].map(({ place }) => place);
  }

  /** Goes by other settings from now on; conversations go on. Where it throws, as `open` does, all
   *  stays as it was. */
  async reload(settings: Settings): Promise<void> {
    const plan = readPlan(this.app, settings);
    try {
      await this.#openSockets(plan);
    } catch (error) {
      closePlan(plan);
      throw error;
    }
    const before = this.plan;
    this.plan = plan;
    closePlan(before);
  }

  /** Opens what is new, then closes what is no more. */
  async #openSockets(plan: ListenPlan): Promise<void> {
    const { listen } = plan;
    const wanted = new Map<string, ListenAddress>();
    for (const address of listen.smtp) wanted.set(`smtp ${addressText(address)}`, address);
    if (listen.submit !== null) {
      wanted.set(SUBMIT, { kind: "unix", path: listen.submit, isTls: false });
    }
    const opened: [string, OpenSocket][] = [];
    try {
      for (const [name, address] of wanted) {
        if (this.#sockets.has(name)) continue;
        const socket = await openSocket(address, {
          env: this.app.env,
          listen,
          onClient: (client) => {
            const origin = { address: client.remoteAddress ?? null, isSubmit: name === SUBMIT };
            this.#meet(client, origin, address.isTls);
          },
          onTrouble: (text) => this.app.tell.warn(text),
        });
        opened.push([name, socket]);
      }
    } catch (error) {
      for (const [, socket] of opened) socket.close();
      throw error;
    }
    for (const [name, socket] of this.#sockets) {
      if (wanted.has(name)) continue;
      socket.close();
      this.#sockets.delete(name);
      this.app.tell.detail(`listening no more on ${socket.place}`);
    }
    for (const [name, socket] of opened) {
      this.#sockets.set(name, socket);
      this.app.tell.detail(`listening on ${socket.place} (${name.split(" ", 1)[0]})`);
    }
  }

  #meet(socket: Socket, origin: Origin, isTls: boolean): void {
    const conversation = this.#serve(socket, origin, isTls);
    this.#conversations.add(conversation);
    void conversation.finally(() => this.#conversations.delete(conversation));
  }

  /** Never rejects. */
  async #serve(socket: Socket, origin: Origin, isTls: boolean): Promise<void> {
    const connection = new Connection(
      socket,
      this.timers,
      () => this.#clients.leave(connection),
    );
    try {
      const refusal = this.#refusal(connection, origin);
      const host = new ClientHost(this.#shared, connection, origin);
      if (refusal !== null) connection.say(refusal);
      else if (!isTls || await host.startTls()) {
        await new SmtpSession(connection, (text) => connection.say(text), host).serve();
      }
    } catch (error) {
      const isCutOff = error instanceof MailqError && error.code === "input_unreadable";
      if (isCutOff) this.app.tell.detail(`${originText(origin)} has left in the middle of a mail`);
      else this.app.tell.warn(`serving ${originText(origin)} has failed: ${errorText(error)}`);
    } finally {
      connection.close();
    }
  }

  /** What a client that is not let in is told; null for one that is. */
  #refusal(connection: Connection, origin: Origin): string | null {
    const { listen, users, settings: { hostname } } = this.plan;
    if (this.#isClosing) return `421 4.3.2 ${hostname} is closing\r\n`;
    if (users === null && !maySendUnnamed(origin, listen)) {
      this.app.tell.detail(`refused ${originText(origin)}: not in listen.allow`);
      return `554 5.7.1 ${hostname} takes no mail from ${originText(origin)}\r\n`;
    }
    const crowded = this.#clients.enter(connection, origin, hostname);
    if (crowded === null) return null;
    this.app.tell.detail(`refused ${originText(origin)}: ${crowded}`);
    return `421 4.7.0 ${hostname}: ${crowded}; try again later\r\n`;
  }

  /** Closes all: who is waited for is sent away, who waits for us gets his answer. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    for (const socket of this.#sockets.values()) socket.close();
    await this.#clients.close(this.plan.settings.hostname, this.#conversations);
    closePlan(this.plan);
    await this.app.closeQueue(this.store);
    // One that could not be opened has been told to who wanted it.
    const submitted = await this.#submitted?.catch(() => null) ?? null;
    if (submitted !== null) await this.app.closeQueue(submitted);
  }
}

function openQueue(app: ListenApp, settings: Settings, wayIn: string): Promise<Store> {
  return app.openQueue(settings, { create: true, isWorker: true, wayIn });
}
