// Inputs: standard input, files and folders of *.eml, each read when its turn comes. Called by
// app/enqueue; the types here are what every other source of messages keeps to.

import type { IntakeOptions } from "../options.ts";
import { errorText, MailqError } from "../../queue/errors.ts";

/** Input up to this size is read whole. */
export const WHOLE_BYTES = 1024 * 1024;
const PIECE_BYTES = 256 * 1024;
const FIRST_READ_BYTES = 64 * 1024;

/** What one can read from and wait for, such as `Deno.stdin` and an open file. */
export interface ByteSource {
  /** Puts bytes into `into` and returns how many; null at the end. */
  readSync(into: Uint8Array): number | null;
}

/** One message's raw bytes: all of them, or the first ones and the means to read on. */
export type InputBytes =
  | { readonly kind: "whole"; readonly bytes: Uint8Array }
  | {
    readonly kind: "large";
    readonly head: Uint8Array;
    /** To be read once; each piece is good until the next is asked for. */
    readonly rest: AsyncIterable<Uint8Array>;
    /** Frees what is open, whether or not `rest` was read to its end. */
    readonly close: () => void;
  };

/** A place one message comes from. Nothing of it is open or in memory before `read`. */
export interface Input {
  /** What to call it in a message to people: its path, or `-`. */
  readonly name: string;
  /** What this one's options are where they differ from the call's. */
  readonly options?: Partial<IntakeOptions>;
  /** Called once the mail is on disk, to take the input away. */
  readonly taken?: () => void;
  /** Throws `input_unreadable`, as does reading the rest of a large one. */
  read(): InputBytes;
}

/** Inputs that can be counted before they are read. */
export interface CountedInputs extends Iterable<Input> {
  /** Null where nobody can know. */
  count(): number | null;
}

/** The inputs that `enqueue`'s arguments name: `-` is `stdin`, a folder stands for its `*.eml`.
 *  Files are looked at when their turn comes. Throws `input_unreadable`. */
export function openInputs(paths: readonly string[], stdin: ByteSource): CountedInputs {
  return {
    [Symbol.iterator]: () => eachInput(paths, stdin),
    count() {
      if (paths.includes("-")) return null;
      return paths.reduce((sum, path) => sum + (isFolder(path) ? emlNames(path).length : 1), 0);
    },
  };
}

function* eachInput(paths: readonly string[], stdin: ByteSource): Generator<Input> {
  for (const path of paths) {
    if (path === "-") yield stdinInput(stdin);
    else if (isFolder(path)) yield* folderInputs(path);
    else yield fileInput(path);
  }
}

/** Standard input, read to its end. */
export function stdinInput(stdin: ByteSource): Input {
  return { name: "-", read: () => readSource("-", stdin, () => {}, new Scratch()) };
}

/** Standard input for whoever reads it himself: what the system throws is `input_unreadable`. */
export function translatedStdin(stdin: ByteSource): ByteSource {
  return { readSync: (into) => attempt("-", () => stdin.readSync(into)) };
}

/** A file of any name. */
export function fileInput(path: string): Input {
  return fileInputWith(path, new Scratch());
}

/** The files `*.eml` of a folder, sorted by name; neither its folders nor hidden files. Only the
 *  names are in memory. Throws `input_unreadable`, also if there is none. */
export function* folderInputs(path: string): Generator<Input> {
  const names = emlNames(path);
  if (names.length === 0) throw unreadable(path, "it holds no *.eml file");
  const scratch = new Scratch();
  const prefix = path.endsWith("/") ? path : `${path}/`;
  for (const name of names) yield fileInputWith(prefix + name, scratch);
}

/** The buffer that files are read into one after another, so that a folder costs no allocation
 *  but each message's own bytes. */
export class Scratch {
  bytes: Uint8Array | null = null;
}

function fileInputWith(path: string, scratch: Scratch): Input {
  return {
    name: path,
    read() {
      const file = attempt(path, () => Deno.openSync(path));
      return readSource(path, file, () => file.close(), scratch);
    },
  };
}

/** What `source` gives up to its end. `close` is called once, when nothing more is to be read. */
export function readSource(
  name: string,
  source: ByteSource,
  close: () => void,
  scratch: Scratch,
): InputBytes {
  let isOpen = true;
  const closeOnce = () => {
    if (isOpen) close();
    isOpen = false;
  };
  let isLarge = false;
  try {
    const bytes = readFirst(name, source, scratch);
    if (bytes.length <= WHOLE_BYTES) return { kind: "whole", bytes };
    isLarge = true;
    return {
      kind: "large",
      head: bytes,
      rest: readRest(name, source, closeOnce),
      close: closeOnce,
    };
  } finally {
    if (!isLarge) closeOnce();
  }
}

/** Up to one byte more than is read whole: more than that is what makes input large. */
function readFirst(name: string, source: ByteSource, scratch: Scratch): Uint8Array {
  let buffer = scratch.bytes ??= new Uint8Array(FIRST_READ_BYTES);
  let filled = 0;
  for (;;) {
    const count = attempt(name, () => source.readSync(buffer.subarray(filled)));
    if (count === null) return buffer.slice(0, filled);
    filled += count;
    if (filled < buffer.length) continue;
    if (filled > WHOLE_BYTES) return buffer.slice(0, filled);
    const larger = new Uint8Array(WHOLE_BYTES + 1);
    larger.set(buffer);
    buffer = scratch.bytes = larger;
  }
}

async function* readRest(
  name: string,
  source: ByteSource,
  close: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    const piece = new Uint8Array(PIECE_BYTES);
    for (;;) {
      const count = attempt(name, () => source.readSync(piece));
      if (count === null) return;
      yield piece.subarray(0, count);
    }
  } finally {
    close();
  }
}

function emlNames(path: string): string[] {
  return attempt(path, () => {
    const names: string[] = [];
    for (const entry of Deno.readDirSync(path)) {
      const isMail = entry.name.endsWith(".eml") && !entry.name.startsWith(".");
      if (!isMail || entry.isDirectory) continue;
      if (entry.isSymlink && isFolder(`${path}/${entry.name}`)) continue;
      names.push(entry.name);
    }
    const odd = oddNameError(path, "*.eml");
    if (odd !== null) throw odd;
    return names.sort();
  });
}

/** The error for the file of a folder whose name is no UTF-8, if it has one that `pattern` (a
 *  shell's) fits; else null. Older runtimes leave such names out of a folder's list without a word,
 *  so a shell is asked; where there is none nothing is found. */
export function oddNameError(path: string, pattern: string): MailqError | null {
  const script = `cd -- "$1" || exit; for f in ${pattern}; do ` +
    'case $f in *[!\\ -~]*) [ -f "$f" ] && printf "%s\\n" "$f";; esac; done';
  let stdout: Uint8Array;
  try {
    ({ stdout } = new Deno.Command("/bin/sh", {
      args: ["-c", script, "sh", path],
      env: { LC_ALL: "C" },
      stdin: "null",
      stderr: "null",
    }).outputSync());
  } catch {
    return null;
  }
  const name = new TextDecoder().decode(stdout).split("\n").find((line) => line.includes("\ufffd"));
  return name === undefined ? null : unreadable(`${path}/${name}`, NO_UTF8);
}

export function isFolder(path: string): boolean {
  return attempt(path, () => Deno.statSync(path)).isDirectory;
}

/** Does one step of reading; what the system throws becomes `input_unreadable`. */
export function attempt<T>(name: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof MailqError) throw error;
    throw unreadable(name, reasonOf(error, name), error);
  }
}

export function unreadable(name: string, reason: string, cause?: unknown): MailqError {
  const what = name === "-" ? "standard input" : JSON.stringify(name);
  return new MailqError("input_unreadable", `Cannot read ${what}: ${reason}`, { cause });
}

const NO_UTF8 = "its name is no UTF-8, and cannot be opened: rename it";

function reasonOf(error: unknown, name: string): string {
  if (error instanceof Deno.errors.NotFound) {
    // The runtime puts U+FFFD for bytes that are no UTF-8.
    return name.includes("\ufffd") ? NO_UTF8 : "there is no such file or folder";
  }
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.NotADirectory) return "a part of the path is no folder";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (error instanceof Deno.errors.FilesystemLoop) return "its links go round in circles";
  if (error instanceof Deno.errors.WouldBlock) return "it is not ready (non-blocking input)";
  return errorText(error);
}
