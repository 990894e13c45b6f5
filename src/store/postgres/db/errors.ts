// What PostgreSQL, its driver and the network say of a queue, in the queue's words and codes, told by
// SQLSTATE and by the system's names. The connection asks; which of it may pass is told here, too.

// @ts-types="./pg.d.ts"
import pg from "pg";
import { errorText, MailqError } from "../../../queue/errors.ts";

/** SQLSTATEs (postgresql.org/docs/current/errcodes-appendix.html) that pass by themselves. */
const PASSING: readonly string[] = [
  "40001", // serialization_failure
  "40P01", // deadlock_detected
  "55P03", // lock_not_available
  "53300", // too_many_connections
  "57P01", // admin_shutdown
  "57P02", // crash_shutdown
  "57P03", // cannot_connect_now
  "57P05", // idle_session_timeout
  "25P03", // idle_in_transaction_session_timeout
];

/** Names of errors that the system gives for a connection. */
const UNREACHABLE: readonly string[] = [
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
  "ENOTFOUND",
  "ENOENT",
  "ECONNABORTED",
  "EADDRNOTAVAIL",
  // Deno, for a socket that was closed under a write.
  "EBADF",
];

/** What the driver says without a code when a connection is gone or silent. */
const BROKEN =
  /Connection terminated|timeout expired|Query read timeout|Client has encountered a connection error|Client was closed|not queryable/i;

function codeOf(error: unknown): string | null {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : null;
  return typeof code === "string" ? code : null;
}

/** Whether the connection, and not a statement, failed. */
function isConnectionError(error: unknown): boolean {
  if (error instanceof pg.DatabaseError || error instanceof MailqError) return false;
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError && error.errors.some(isConnectionError)) return true;
  const code = codeOf(error);
  return code !== null && UNREACHABLE.includes(code) || BROKEN.test(error.message);
}

/** Whether trying again may help. */
export function isPassing(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) {
    const code = error.code ?? "";
    return PASSING.includes(code) || code.startsWith("08");
  }
  return isConnectionError(error);
}

/** Whether another has taken a key meanwhile: tried again, it is known. */
export function isKeyTaken(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === "23505" &&
    error.constraint === "message_key_once";
}

/** Turns whatever was thrown about the queue called `name` into a MailqError. */
export function translateError(error: unknown, name: string): Error {
  if (error instanceof MailqError) return error;
  const fail = (code: MailqError["code"], text: string) =>
    new MailqError(code, text, { cause: error });
  if (error instanceof pg.DatabaseError) return explain(error, name, fail);
  if (isConnectionError(error)) {
    return fail("busy", `Cannot reach the queue ${name}: ${said(error)}; try again`);
  }
  const text = errorText(error);
  if (/self.signed|certificate|TLS|SSL|altnames/i.test(text)) {
    return fail(
      "config_invalid",
      `Cannot use the queue ${name}: its TLS was refused (${text}); expected a certificate for this ` +
        "host from a known authority: sslrootcert=FILE in the URL names another, sslmode=disable " +
        "does without",
    );
  }
  return error instanceof Error ? error : new Error(text);
}

/** What to do where a password is wanted and there is none. */
export function noPassword(name: string): string {
  return `Cannot log in to the queue ${name}: it wants a password; set MAILQ_QUEUE_PASSWORD_FILE ` +
    "(or MAILQ_QUEUE_PASSWORD), or write it into ~/.pgpass";
}

/** All that was said of a host's addresses; the driver's own text is empty then. */
function said(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(errorText).join(", ");
  return errorText(error);
}

function explain(
  error: pg.DatabaseError,
  name: string,
  fail: (code: MailqError["code"], text: string) => MailqError,
): Error {
  const code = error.code ?? "";
  const says = error.message;
  if (isPassing(error)) {
    return fail("busy", `Cannot use the queue ${name} now: ${says}; try again`);
  }
  switch (code) {
    case "28P01":
    case "28000":
      return fail(
        "permission",
        `Cannot log in to the queue ${name}: ${says}; see MAILQ_QUEUE_PASSWORD_FILE or ~/.pgpass`,
      );
    case "3D000":
      return fail(
        "config_invalid",
        `Cannot use the queue ${name}: ${says}; make it (createdb) or name another`,
      );
    case "42501":
      return fail(
        "permission",
        `Cannot use the queue ${name}: ${says}; its owner gives roles their rights (mailq grant)`,
      );
    case "53100":
      return fail("disk_full", `Cannot write the queue ${name}: the database's disk is full`);
    case "53200":
      return fail("busy", `Cannot use the queue ${name} now: ${says}; try again`);
    case "25006":
      return fail(
        "permission",
        `Cannot write the queue ${name}: the database is read-only (a standby?); name its primary`,
      );
    case "57014":
      return fail("busy", `Cannot use the queue ${name} now: ${says}; try again`);
  }
  if (code.startsWith("58") || code === "XX000") {
    return fail("io_error", `Cannot use the queue ${name}: ${says}`);
  }
  if (code === "XX001" || code === "XX002") {
    return fail("queue_corrupt", `Cannot use the queue ${name}: ${says}; restore a backup`);
  }
  if (code === "42P01" || code === "3F000" || code === "42703" || code === "42883") {
    return fail(
      "queue_corrupt",
      `Cannot use the queue ${name}: ${says}; its schema is not mailq's (any more): ` +
        "mailq migrate --check tells what is missing",
    );
  }
  // A mistake of ours: the statement tells more than the message.
  return error;
}
