// One open queue file: prepared statements, write transactions that wait their turn, errors in the
// queue's words. All other files of the store run their SQL by it.

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { MailqError } from "../../../queue/errors.ts";
import { NotedEvents } from "../events/write.ts";
import { isBusy, refuseOtherFiles, refuseReplaced, translateError } from "./errors.ts";
import { APPLICATION_ID, REPLACED_ID, SCHEMA_VERSION } from "./layout.ts";
import type { Row, Value } from "../../sql/row.ts";
import { wait } from "../../../system/time.ts";

export type { Row, Value };

interface ConnectionOptions {
  /** The queue's file; null for a queue that nobody shares and that ends with its connection. */
  readonly path: string | null;
  /** Make the file (and its folder) if it is not there. */
  readonly create: boolean;
  /** How long a statement blocks the whole process when another holds the lock. */
  readonly busyTimeoutMs: number;
  /** How long a write is tried again, without blocking, after that. */
  readonly patienceMs: number;
}

/** How long a process with more to do than one write waits: it must not be blocked meanwhile. */
export const WORKER_WAITS = { busyTimeoutMs: 100, patienceMs: 10_000 } as const;

/** How long a process that has but one write to do waits: SQLite gives the lock to whoever comes by, so
 *  that of dozens on a busy machine some are out of luck for 10 seconds and more. */
export const ONE_WRITE_WAITS = { busyTimeoutMs: 60_000, patienceMs: 60_000 } as const;

/** What SQLite calls a database that is in no file. */
const IN_MEMORY = ":memory:";

/** One open queue file: prepared statements kept, transactions, errors translated. */
export class Connection {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** The queue as the user named it. */
  readonly path: string;
  /** The queue's file without symbolic links: workers that came by different names must find
   *  each other's locks. */
  readonly file: string;
  readonly isInMemory: boolean;
  readonly #patienceMs: number;
  readonly #kept: Disposable[] = [];
  readonly #events = new NotedEvents();
  /** The schema's version when it was last looked at. */
  #version = 0;

  private constructor(
    db: DatabaseSync,
    options: ConnectionOptions,
    /** Its disk can only be read: every write throws `permission`. */
    readonly isReadOnly = false,
  ) {
    this.#db = db;
    this.path = options.path ?? IN_MEMORY;
    this.isInMemory = options.path === null;
    this.file = options.path === null ? IN_MEMORY : Deno.realPathSync(options.path);
    this.#patienceMs = options.patienceMs;
  }

  /** Opens the queue, making it or bringing its schema up to date. Throws `queue_foreign`,
   *  `queue_newer`, `queue_corrupt`, `permission`, `cannot_create`. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const { path, create } = options;
    if (create && path !== null) await createFile(path);
    const connection = new Connection(path === null ? openMemory() : await openFile(path), options);
    try {
      connection.get(`PRAGMA busy_timeout = ${options.busyTimeoutMs}`);
      // Switching a new file to WAL can be busy without any waiting: sqlite.org/wal.html.
      await connection.#patiently(() => connection.#setUp());
      return connection;
    } catch (error) {
      connection.close();
      const reason = await explained(error, connection.path);
      const isDenied = reason instanceof MailqError && reason.code === "permission";
      const lookedInto = isDenied && !create && path !== null
        ? await Connection.#openReadOnly(options, path)
        : null;
      if (lookedInto === null) throw reason;
      return lookedInto;
    }
  }

  static async #openReadOnly(options: ConnectionOptions, path: string): Promise<Connection | null> {
    const { openReadOnly }: typeof import("./read_only.ts") = await import(
      import.meta.resolve("./read_only.ts")
    );
    const db = openReadOnly(path);
    if (db === null) return null;
    const connection = new Connection(db, options, true);
    try {
      connection.#version = connection.#checkKind();
      if (connection.#version >= SCHEMA_VERSION) return connection;
      throw new MailqError(
        "permission",
        `Cannot look into the queue ${path}: an older mailq made it, and its disk is read-only; ` +
          "copy it to another and name that by --queue",
      );
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async #setUp(): Promise<void> {
    this.#version = this.#checkKind();
    if (this.#version < SCHEMA_VERSION) {
      const { migrate }: typeof import("./migrate.ts") = await import(
        import.meta.resolve("./migrate.ts")
      );
      migrate(this);
    }
    // WAL stays set in the file; the others belong to the connection.
    this.get("PRAGMA journal_mode = WAL");
    this.run("PRAGMA synchronous = FULL");
    this.run("PRAGMA foreign_keys = ON");
    this.get("PRAGMA journal_size_limit = 33554432");
  }

  /** Returns the schema's version, 0 for an empty file. */
  #checkKind(): number {
    if (this.#applicationId() !== APPLICATION_ID) {
      // Another process may be making the queue, in one commit: what that changes is looked at
      // before what tells that it has happened.
      const isEmpty = this.get("SELECT 1 FROM sqlite_schema LIMIT 1") === undefined &&
        this.#schemaVersion() === 0;
      const kind = this.#applicationId();
      if (kind === 0 && isEmpty) {
        if (!this.isInMemory) {
          refuseOtherFiles(this.path, undefined, (file) => this.keepUntilClosed(file));
        }
        return 0;
      }
      if (kind === REPLACED_ID) refuseReplaced(this.path);
      else if (kind !== APPLICATION_ID) {
        throw new MailqError(
          "queue_foreign",
          `Cannot use the queue ${this.path}: it is another program's SQLite database`,
        );
      }
    }
    const version = this.#schemaVersion();
    if (version > SCHEMA_VERSION) {
      const from = Number(this.get("SELECT value FROM meta WHERE key = 'compatible_from'")?.value);
      if (!(from <= SCHEMA_VERSION)) {
        throw new MailqError(
          "queue_newer",
          `Cannot use the queue ${this.path}: a newer mailq made it (schema ${version}, ` +
            `this program knows ${SCHEMA_VERSION}); update this program`,
        );
      }
    }
    return version;
  }

  #applicationId(): number {
    return Number(this.get("PRAGMA application_id")?.application_id ?? 0);
  }

  #schemaVersion(): number {
    return Number(this.get("PRAGMA user_version")?.user_version ?? 0);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  get(sql: string, ...values: Value[]): Row | undefined {
    try {
      return this.#statement(sql).get(...values);
    } catch (error) {
      throw translateError(error, this.path);
    }
  }

  all(sql: string, ...values: Value[]): Row[] {
    try {
      return this.#statement(sql).all(...values);
    } catch (error) {
      throw translateError(error, this.path);
    }
  }

  /** Runs `work` with its errors turned into those of the queue. */
  async translated<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw translateError(error, this.path);
    }
  }

  /** Returns how many rows changed. */
  run(sql: string, ...values: Value[]): number {
    try {
      return Number(this.#statement(sql).run(...values).changes);
    } catch (error) {
      throw translateError(error, this.path);
    }
  }

  /** Inserts a row and returns its rowid. */
  insert(sql: string, ...values: Value[]): number {
    try {
      return Number(this.#statement(sql).run(...values).lastInsertRowid);
    } catch (error) {
      throw translateError(error, this.path);
    }
  }

  /** Runs `work` in one write transaction; it is durable once this resolves. `work` may be run
   *  again from the start if the lock was held, so it must do nothing else. */
  write<T>(work: () => T): Promise<T> {
    return this.#patiently(() => this.writeNow(work));
  }

  /** Tries again, without blocking, while another process holds the queue. */
  async #patiently<T>(work: () => T | Promise<T>): Promise<T> {
    const giveUpAt = performance.now() + this.#patienceMs;
    for (let waitMs = 2;; waitMs = Math.min(waitMs * 2, 50)) {
      try {
        return await work();
      } catch (error) {
        const cause = error instanceof MailqError ? error.cause : error;
        if (!isBusy(cause) || performance.now() >= giveUpAt) throw error;
      }
      await wait(waitMs);
    }
  }

  /** Tells, with the write that is under way, what happened in it. */
  readonly tell = this.#events.note;

  /** As `write`, without trying again. Throws `queue_newer` if a newer program has changed the
   *  schema, since the queue was opened, in a way that this one cannot follow. */
  writeNow<T>(work: () => T): T {
    // Prepared, since exec() reports errors without their code. IMMEDIATE, since a transaction
    // that begins as a reader fails at its first write under contention.
    this.run("BEGIN IMMEDIATE");
    try {
      if (this.#schemaVersion() !== this.#version) this.#version = this.#checkKind();
      const result = work();
      this.#events.write(this);
      this.run("COMMIT");
      return result;
    } catch (error) {
      this.#events.forget();
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    try {
      this.#statement("ROLLBACK").run();
    } catch {
      // SQLite has rolled back by itself (disk full, I/O error): nothing is open any more.
    }
  }

  /** Closes a file together with the queue, after it. */
  keepUntilClosed(file: Disposable): void {
    this.#kept.push(file);
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
    for (const file of this.#kept.splice(0)) file[Symbol.dispose]();
  }
}

function openMemory(): DatabaseSync {
  return new DatabaseSync(IN_MEMORY);
}

async function openFile(path: string): Promise<DatabaseSync> {
  try {
    // SQLite takes ":memory:" and "file:x?mode=memory" for no files, but no path from "/" on.
    return new DatabaseSync(path.startsWith("/") ? path : `${Deno.cwd()}/${path}`);
  } catch (error) {
    throw await explained(error, path);
  }
}

async function explained(error: unknown, path: string): Promise<Error> {
  const { explainOpenError }: typeof import("./open_errors.ts") = await import(
    import.meta.resolve("./open_errors.ts")
  );
  return explainOpenError(error, path);
}

/** Makes an empty file that only its owner may read, and the folder above it. */
async function createFile(path: string): Promise<void> {
  try {
    Deno.openSync(path, { createNew: true, write: true, mode: 0o600 }).close();
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return;
    const { createWithFolder }: typeof import("./create_file.ts") = await import(
      import.meta.resolve("./create_file.ts")
    );
    createWithFolder(path, error);
  }
}

/** Text for display as it is stored: SQLite stops reading TEXT at a NUL. */
export function clean(value: string | null): string | null {
  return value?.includes("\0") ? value.replaceAll("\0", "\ufffd") : value;
}
