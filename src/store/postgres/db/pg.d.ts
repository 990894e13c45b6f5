// What of the driver `pg` is used here, as types: those of @types/pg would bring Node's types along, and
// with them other meanings of timers and assertions. db/connection.ts and read/watch.ts import it.

declare namespace pg {
  interface ClientConfig {
    readonly host?: string;
    readonly port?: number;
    readonly user?: string;
    readonly database?: string;
    readonly password?: string | (() => string);
    readonly ssl?: boolean | { readonly ca?: string; readonly servername?: string };
    readonly keepAlive?: boolean;
    readonly connectionTimeoutMillis?: number;
    readonly query_timeout?: number;
    readonly application_name?: string;
    readonly pipeline?: boolean;
    readonly types?: TypeReaders;
  }

  interface PoolConfig extends ClientConfig {
    readonly max?: number;
    readonly idleTimeoutMillis?: number;
    /** Called with each new connection; an error closes it. */
    readonly verify?: (client: PoolClient, done: (error?: Error) => void) => void;
  }

  interface TypeReaders {
    getTypeParser(oid: number, format?: "text" | "binary"): (value: string) => unknown;
  }

  interface QueryConfig {
    readonly text: string;
    readonly values?: readonly unknown[];
    readonly name?: string;
    readonly query_timeout?: number;
  }

  interface QueryResult {
    readonly rows: Record<string, unknown>[];
    readonly rowCount: number | null;
  }

  interface Querying {
    /** A text with several statements gives a list of results. */
    query(query: string | QueryConfig): Promise<QueryResult>;
  }

  class Client implements Querying {
    constructor(config: ClientConfig);
    connect(): Promise<void>;
    query(query: string | QueryConfig): Promise<QueryResult>;
    on(event: "error" | "end", listener: (error?: Error) => void): void;
    on(event: "notification", listener: (notice: { readonly payload?: string }) => void): void;
    end(): Promise<void>;
  }

  interface PoolClient extends Querying {
    /** Of the session, as the server said at login. */
    readonly processID: number;
    /** With an error the connection is closed and not used again. */
    release(error?: Error): void;
    on(event: "error", listener: (error?: Error) => void): void;
  }

  class Pool {
    constructor(config: PoolConfig);
    connect(): Promise<PoolClient>;
    on(event: "error", listener: (error: Error) => void): void;
    on(event: "connect", listener: (client: PoolClient) => void): void;
    end(): Promise<void>;
  }

  class DatabaseError extends Error {
    readonly code?: string;
    readonly severity?: string;
    readonly constraint?: string;
  }

  const types: TypeReaders;
}

export default pg;
