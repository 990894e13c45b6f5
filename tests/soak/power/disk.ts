// A disk as a power cut may leave it, from the record of what a program did to it (recorder.c). What
// was synced is there; what was not is there, is not, or is torn: any part of its sectors of 512 bytes.

/** One recorded call; paths are below the recorded folder, "" is the folder itself. */
export type Call =
  | { readonly kind: "open"; readonly path: string; readonly truncates: boolean }
  | {
    readonly kind: "write";
    readonly path: string;
    readonly at: number;
    readonly bytes: Uint8Array;
  }
  | { readonly kind: "truncate"; readonly path: string; readonly size: number }
  | { readonly kind: "sync" | "unlink" | "mkdir"; readonly path: string }
  | { readonly kind: "syncfs" }
  | { readonly kind: "rename" | "link"; readonly from: string; readonly to: string };

/** Reads a record. Names in the recorded folder have no blanks. */
export function readRecord(record: Uint8Array, folder: string): Call[] {
  const decoder = new TextDecoder();
  const calls: Call[] = [];
  const below = (path = "") => path.slice(folder.length).replace(/^\//, "");
  for (let at = 0; at < record.length;) {
    const end = record.indexOf(10, at);
    const [kind, path, ...rest] = decoder.decode(record.subarray(at, end)).split(" ");
    at = end + 1;
    const name = below(path);
    switch (kind) {
      case "open":
        calls.push({ kind, path: name, truncates: rest[0] === "1" });
        break;
      case "write": {
        const size = Number(rest[1]);
        calls.push({ kind, path: name, at: Number(rest[0]), bytes: record.slice(at, at + size) });
        at += size;
        break;
      }
      case "truncate":
        calls.push({ kind, path: name, size: Number(rest[0]) });
        break;
      case "sync":
      case "unlink":
      case "mkdir":
        calls.push({ kind, path: name });
        break;
      case "syncfs":
        calls.push({ kind });
        break;
      case "rename":
      case "link":
        calls.push({ kind, from: name, to: below(rest[0]) });
        break;
      default:
        throw new Error(`A record has the call ${kind}`);
    }
  }
  return calls;
}

/** What becomes of what was not synced. */
export type Fate = "kept" | "dropped" | "torn";

interface Write {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** A file, whatever its names. */
class Inode {
  durable: Uint8Array;
  current: Uint8Array;
  /** Writes and truncations since the last sync, in order; a truncation has its size. */
  pending: (Write | number)[] = [];
  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.durable = this.current = bytes;
  }

  apply(change: Write | number): void {
    this.pending.push(change);
    this.current = changed(this.current, change);
  }

  sync(): void {
    this.durable = this.current;
    this.pending = [];
  }

  after(fate: Fate, unit: () => number): Uint8Array {
    if (fate === "kept") return this.current;
    if (fate === "dropped") return this.durable;
    let bytes = this.durable;
    for (const change of this.pending) {
      if (typeof change === "number") {
        if (unit() < 0.5) bytes = changed(bytes, change);
        continue;
      }
      for (let from = 0; from < change.bytes.length; from += 512) {
        if (unit() < 0.5) continue;
        const sector = change.bytes.subarray(from, from + 512);
        bytes = changed(bytes, { at: change.at + from, bytes: sector });
      }
    }
    return bytes;
  }
}

function changed(bytes: Uint8Array, change: Write | number): Uint8Array {
  if (typeof change === "number") {
    const cut = new Uint8Array(change);
    cut.set(bytes.subarray(0, change));
    return cut;
  }
  const size = Math.max(bytes.length, change.at + change.bytes.length);
  const grown = new Uint8Array(size);
  grown.set(bytes);
  grown.set(change.bytes, change.at);
  return grown;
}

/** The recorded folder, call by call. A file's sync makes its names durable too, as journalling file
 *  systems do; a folder's sync makes all names in it durable. */
export class Disk {
  readonly #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  readonly folders = new Set<string>();

  /** A disk on which these files are safe. */
  constructor(files: ReadonlyMap<string, Uint8Array>) {
    for (const [name, bytes] of files) this.#names.set(name, new Inode(bytes));
    this.#durableNames = new Map(this.#names);
  }

  apply(call: Call): void {
    switch (call.kind) {
      case "open": {
        const inode = this.#names.get(call.path);
        if (inode === undefined) this.#names.set(call.path, new Inode());
        else if (call.truncates) inode.apply(0);
        return;
      }
      case "write":
        return this.#inode(call.path).apply({ at: call.at, bytes: call.bytes });
      case "truncate":
        return this.#inode(call.path).apply(call.size);
      case "sync": {
        const inode = this.#names.get(call.path);
        if (inode === undefined) return this.#syncFolder(call.path);
        inode.sync();
        for (const [name, one] of this.#names) if (one === inode) this.#durableNames.set(name, one);
        return;
      }
      case "syncfs":
        for (const inode of this.#names.values()) inode.sync();
        this.#durableNames = new Map(this.#names);
        return;
      case "mkdir":
        return void this.folders.add(call.path);
      case "unlink":
        return void this.#names.delete(call.path);
      case "link":
      case "rename": {
        this.#names.set(call.to, this.#inode(call.from));
        if (call.kind === "rename") this.#names.delete(call.from);
      }
    }
  }

  /** The files as a power cut now would leave them. `unit` gives numbers in [0, 1). */
  after(fate: Fate, unit: () => number): Map<string, Uint8Array> {
    const names = fate === "kept" || (fate === "torn" && unit() < 0.5)
      ? this.#names
      : this.#durableNames;
    return new Map([...names].map(([name, inode]) => [name, inode.after(fate, unit)]));
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode !== undefined) return inode;
    const made = new Inode();
    this.#names.set(path, made);
    return made;
  }

  #syncFolder(folder: string): void {
    const isIn = (name: string) => name.slice(0, Math.max(0, name.lastIndexOf("/"))) === folder;
    for (const name of this.#durableNames.keys()) {
      if (isIn(name) && !this.#names.has(name)) this.#durableNames.delete(name);
    }
    for (const [name, inode] of this.#names) if (isIn(name)) this.#durableNames.set(name, inode);
  }
}
