// Which file system a path lies on, as the kernel lists what is mounted (proc(5), mountinfo). Called
// where a queue is opened on something that may be a network's, and by `mailq doctor`.

const MOUNTINFO = "/proc/self/mountinfo";

/** A file system as it is mounted. */
export interface Mount {
  readonly point: string;
  /** Such as `ext4`, `nfs4` or `fuse.sshfs`. */
  readonly type: string;
  /** What is mounted, such as `/dev/sda1` or `server:/export`. */
  readonly source: string;
}

/** The mount that a path without symbolic links lies on; null where it cannot be told. */
export function mountOf(path: string): Mount | null {
  let text: string;
  try {
    text = Deno.readTextFileSync(MOUNTINFO);
  } catch {
    return null; // no /proc
  }
  return findMount(path, text);
}

/** The same in the text of a mountinfo. */
export function findMount(path: string, mountinfo: string): Mount | null {
  let found: Mount | null = null;
  for (const line of mountinfo.split("\n")) {
    const [, shownPoint = "", type = "", source = ""] =
      /^\d+ \d+ \S+ \S+ (\S+) .*? - (\S+) (\S*)/.exec(line) ?? [];
    const point = unescaped(shownPoint);
    if (point === "" || !isBelow(path, point)) continue;
    // Of two at one place the later one is seen.
    if (point.length >= (found?.point.length ?? 0)) {
      found = { point, type, source: unescaped(source) };
    }
  }
  return found;
}

function isBelow(path: string, point: string): boolean {
  return point === "/" || path === point || path.startsWith(`${point}/`);
}

/** Blanks and backslashes are written as three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8)));
}

/** File systems that another machine or a program answers for. */
const REMOTE =
  /^(nfs\d?|cifs|smb\d?|smbfs|9p|fuse(\..+)?|fuseblk|virtiofs|afs|ceph|lustre|vboxsf)$/;

/** Whether locks and shared memory on such a file system cannot be relied on, as SQLite needs them
 *  (sqlite.org/wal.html: all processes must be on one machine). */
export function isRemote({ type }: Mount): boolean {
  return REMOTE.test(type);
}
