import assert from "node:assert/strict";
import type { Finding } from "../../../src/app/doctor/check.ts";
import { check as clock } from "../../../src/app/doctor/host/clock.ts";
import { check as confinement } from "../../../src/app/doctor/host/confinement.ts";
import { check as names } from "../../../src/app/doctor/host/names.ts";
import { check as disk } from "../../../src/app/doctor/queue/disk.ts";
import { check as dropFolder } from "../../../src/app/doctor/queue/drop_folder.ts";
import { check as integrity } from "../../../src/app/doctor/queue/integrity.ts";
import { check as locks } from "../../../src/app/doctor/queue/locks.ts";
import { check as log } from "../../../src/app/doctor/queue/log_size.ts";
import { check as modes } from "../../../src/app/doctor/queue/modes.ts";
import { check as otherQueues } from "../../../src/app/doctor/queue/other_queues.ts";
import { check as queue } from "../../../src/app/doctor/queue/queue.ts";
import { check as sqlite } from "../../../src/app/doctor/queue/sqlite.ts";
import { check as passwords } from "../../../src/app/doctor/settings/passwords.ts";
import { check as settings } from "../../../src/app/doctor/settings/settings.ts";
import { check as spf } from "../../../src/app/doctor/relay/spf.ts";
import { check as places } from "../../../src/app/doctor/relay/places.ts";

/** Findings as `level name: text → mend`. */
function told(findings: readonly Finding[]): string[] {
  return findings.map(({ level, name, text, mend }) =>
    `${level}${name === undefined ? "" : ` ${name}`}: ${text}${mend === null ? "" : ` → ${mend}`}`
  );
}

/** Each finding begins, or goes, as told. */
function assertTold(findings: readonly Finding[], ...expected: (string | RegExp)[]): void {
  const found = told(findings);
  assert.equal(found.length, expected.length, found.join("\n"));
  for (const [i, each] of expected.entries()) {
    if (typeof each === "string") assert.equal(found[i], each);
    else assert.match(found[i] ?? "", each);
  }
}

const NOW = Date.UTC(2026, 10, 30);
const HOUR_MS = 3_600_000;

Deno.test("clock: wrong before this was written and before the queue's last pass, else as others keep it", () => {
  const facts = { now: NOW, lastRoundAt: NOW - HOUR_MS, isSynchronised: true };
  assertTold(clock.judge(facts), "ok: 2026-11-30T00:00:00.000Z");
  assertTold(clock.judge({ ...facts, now: Date.UTC(1970, 0, 1) }), /^error: .*→ sudo timedatectl/);
  assertTold(clock.judge({ ...facts, lastRoundAt: NOW + HOUR_MS }), /^error: .*worked on at/);
  assertTold(clock.judge({ ...facts, lastRoundAt: NOW + 1_000 }), /^ok/);
  assertTold(clock.judge({ ...facts, isSynchronised: false }), /^warning: .*nobody keeps/);
  assertTold(clock.judge({ ...facts, isSynchronised: null }), /^ok/);
});

Deno.test("confinement: a type that the policy keeps us from, and a profile that is enforced", () => {
  const free = { selinux: null, appArmor: null, queue: "/var/lib/mailq/queue.db" };
  assertTold(
    confinement.judge(free),
    "ok SELinux: not in use",
    "ok AppArmor: no profile confines us",
  );
  const selinux = { isEnforcing: true, ownType: "system_mail_t", queueType: "default_t" };
  assertTold(
    confinement.judge({ ...free, selinux }),
    /^warning SELinux: .*default_t, which system_mail_t may not write → sudo semanage fcontext -a -t mail_spool_t "\/var\/lib\/mailq\(\/\.\*\)\?" && sudo restorecon/,
    /^ok AppArmor/,
  );
  for (
    const harmless of [
      { ...selinux, isEnforcing: false },
      { ...selinux, ownType: "unconfined_t" },
      { ...selinux, queueType: "mail_spool_t" },
    ]
  ) {
    assertTold(confinement.judge({ ...free, selinux: harmless }), /^ok/, /^ok/);
  }
  assertTold(
    confinement.judge({ ...free, appArmor: "/usr/local/bin/mailq (enforce)" }),
    /^ok/,
    /^warning AppArmor: .* → sudo aa-complain \/usr\/local\/bin\/mailq /,
  );
  assertTold(confinement.judge({ ...free, appArmor: "mailq (complain)" }), /^ok/, /^ok/);
});

Deno.test("names: another's sendmail is told with the way to put ours there, unless it is a relay", () => {
  const facts = {
    names: [
      { name: "sendmail", path: "/usr/sbin/sendmail", isOurs: false, whose: "exim4-base" },
      { name: "mailq", path: "/usr/bin/mailq", isOurs: false, whose: null },
      { name: "newaliases", path: null, isOurs: false, whose: null },
    ],
    ownPath: "/usr/local/bin/mailq",
    isRelay: false,
    hasDivert: false,
  } as const;
  assertTold(
    names.judge(facts),
    /^warning sendmail: .*of exim4-base.* → sudo mv .*\.distrib && sudo ln -s \/usr\/local\/bin\/mailq \/usr\/sbin\/sendmail$/,
    /^warning mailq: \/usr\/bin\/mailq is another program.* → export PATH=\/usr\/local\/bin:\$PATH/,
    "ok newaliases: there is none",
  );
  assertTold(
    names.judge({ ...facts, isRelay: true }),
    /^ok sendmail/,
    /^warning mailq/,
    /^ok newaliases/,
  );
});

Deno.test("disk: networks, read-only disks, and disks without room", () => {
  const MB = 1024 * 1024;
  const facts = {
    queue: "/var/lib/mailq/queue.db",
    folder: "/var/lib/mailq",
    mount: { point: "/", type: "ext4", source: "/dev/sda1" },
    freeBytes: 1_000 * MB,
    freeFiles: 100_000,
    isReadOnly: false,
    maxSizeBytes: 50 * MB,
  };
  assertTold(disk.judge(facts), "ok file system: ext4 (/dev/sda1)", /^ok space/, /^ok inodes/);
  assertTold(
    disk.judge({ ...facts, freeBytes: 90 * MB, freeFiles: null }),
    /^ok/,
    /^warning space: 90 MB are free in \/var\/lib\/mailq: not enough for two/,
  );
  assertTold(disk.judge({ ...facts, freeBytes: 1 * MB }), /^ok/, /^error space/, /^ok/);
  assertTold(disk.judge({ ...facts, freeFiles: 500 }), /^ok/, /^ok/, /^warning inodes/);
  assertTold(disk.judge({ ...facts, isReadOnly: true }), /^error file system: .*read-only/);
  const mount = { point: "/var", type: "fuse.sshfs", source: "far:/" };
  assertTold(disk.judge({ ...facts, mount }), /^error file system: .*fuse\.sshfs.* → mv /);
  assertTold(disk.judge({ ...facts, mount: null, freeBytes: null, freeFiles: null }), /^ok/);
  assert.deepEqual(disk.judge(null), []);
});

Deno.test("modes: of the queue, what is beside it and its folder", () => {
  const root = (path: string, mode: number, uid = 0) => ({ path, mode, uid, gid: uid });
  const facts = {
    files: [root("/q/queue.db", 0o600), root("/q/queue.db-wal", 0o600)],
    folder: root("/q", 0o711),
    nameOf: (uid: number) => (uid === 0 ? "root" : "ann"),
    setUp: null,
  };
  assertTold(modes.judge(facts), "ok: the queue is root's alone");
  const [open] = modes.judge({ ...facts, files: [root("/q/queue.db", 0o640)] });
  assert.deepEqual(open?.fix, { kind: "file", path: "/q/queue.db", mode: 0o600 });
  assertTold(
    modes.judge({ ...facts, files: [root("/q/queue.db", 0o200)] }),
    /^error: its owner cannot write/,
  );
  assertTold(
    modes.judge({
      ...facts,
      files: [root("/q/queue.db", 0o600, 7), root("/q/queue.db-wal", 0o600)],
    }),
    /^error: \/q\/queue\.db-wal is root's, and the queue ann's.* → sudo chown ann \/q\/queue\.db-wal/,
    /^error: ann may not write in the queue's folder \/q, which is root's/,
  );
  // As /tmp: nobody can take another's place there.
  assertTold(modes.judge({ ...facts, folder: root("/q", 0o1777) }), /^ok/);
  assertTold(modes.judge({ ...facts, folder: root("/q", 0o777) }), /^error: .*→ chmod 775 \/q/);
  // A group of one's own, as many systems give to each user.
  assertTold(modes.judge({ ...facts, folder: root("/q", 0o775) }), /^ok/);
  const shared = { ...root("/q", 0o775), gid: 100 };
  assertTold(modes.judge({ ...facts, folder: shared }), /^error: .*→ chmod 755 \/q/);
  assert.deepEqual(modes.judge({ ...facts, files: null }), []);
});

Deno.test("integrity: what is large is not read, what is damaged is said", () => {
  const facts = { sizeBytes: 5_000_000, found: [] };
  assertTold(integrity.judge(facts), "ok: SQLite finds all 5 MB whole");
  assertTold(integrity.judge({ ...facts, found: null }), /^ok: not looked over.*mailq backup/);
  assertTold(integrity.judge({ ...facts, found: ["row 3 missing"] }), /^error: .*→ mailq restore/);
});

Deno.test("locks, log and SQLite: each names what is wrong", () => {
  assertTold(locks.judge({ folder: "/q", trouble: null, holds: true }), /^ok/);
  assertTold(locks.judge({ folder: "/q", trouble: null, holds: false }), /^error: two processes/);
  const trouble = "its file system gives no locks";
  assertTold(locks.judge({ folder: "/q", trouble, holds: false }), /^error: its file system/);
  const path = "/q/queue.db-wal";
  assertTold(log.judge({ path, sizeBytes: 1_000, users: [] }), "ok: 1 MB");
  const sizeBytes = 500 * 1024 * 1024;
  assertTold(log.judge({ path, sizeBytes, users: [] }), /^warning: .* has 500 MB → mailq status/);
  const users = [{ pid: 812, command: "mailq tui" }];
  assertTold(log.judge({ path, sizeBytes, users }), /^warning: .*812 \(mailq tui\) → kill 812$/);
  assertTold(sqlite.judge({ version: "3.53.2" }), "ok: 3.53.2");
  assertTold(sqlite.judge({ version: "3.49.0" }), /^warning: .*install a mailq/);
});

Deno.test("queue: what opening it ended with, but for what other checks tell", () => {
  const facts = {
    queue: "/q/queue.db",
    error: null,
    counts: { open: 3, failed: 1 },
    isRoot: true,
    isPlaced: true,
    isHandedIn: false,
  };
  assertTold(queue.judge(facts), "ok: /q/queue.db: 3 to be sent, 1 failed");
  assertTold(queue.judge({ ...facts, counts: null }), /^ok: .*the first mail makes it/);
  assertTold(
    queue.judge({ ...facts, counts: null, isPlaced: false }),
    "warning: this machine has no queue yet → sudo mailq init system",
  );
  const failed = (code: "queue_newer" | "permission" | "disk_full") =>
    queue.judge({ ...facts, error: { code, message: "Cannot" } });
  assertTold(failed("queue_newer"), "error: Cannot → update this mailq");
  assertTold(failed("permission"), "error: Cannot → sudo mailq doctor");
  assertTold(failed("disk_full"));
  const error = { code: "permission", message: "Cannot" } as const;
  assertTold(
    queue.judge({ ...facts, error, isHandedIn: true }),
    "ok: /q/queue.db: its owner's alone",
  );
});

Deno.test("drop folder: as a user who hands in mail sees it", () => {
  const folder = (path: string, mode: number | null, uid = 0) => ({ path, mode, uid });
  const facts = {
    isNeeded: true,
    drop: folder("/q/drop", 0o1733),
    inside: [],
    closed: [],
    owner: { uid: 0, gid: 0 },
    refusal: null,
    isSystem: true,
    setUp: "sudo mailq init system --user root",
  };
  assertTold(dropFolder.judge(facts), "ok: you can hand in mail");
  assertTold(
    dropFolder.judge({ ...facts, refusal: "Permission denied" }),
    "error: you cannot hand in mail: Permission denied → sudo mailq init system --user root",
  );
  assertTold(
    dropFolder.judge({ ...facts, drop: folder("/q/drop", null) }),
    /^error: the queue is another user's/,
  );
  assertTold(
    dropFolder.judge({ ...facts, drop: folder("/q/drop", 0o1733, 1000) }),
    /^error: \/q\/drop is not the queue's owner's/,
  );
  // For an owner who is not root it has a bit more.
  const mailq = { uid: 7, gid: 7 };
  const theirs = folder("/q/drop", 0o3733, 7);
  assertTold(dropFolder.judge({ ...facts, owner: mailq, drop: theirs }), /^ok/);
});

Deno.test("other queues: mail that nobody sends, in one's own; others' are theirs", () => {
  const own = { path: "/home/ann/q.db", open: 2, lastRoundAt: null };
  assertTold(
    otherQueues.judge({ own, others: [], now: NOW }),
    "warning: /home/ann/q.db holds 2 messages that nobody sends → mailq --queue /home/ann/q.db send",
  );
  assertTold(
    otherQueues.judge({ own: { ...own, lastRoundAt: NOW - HOUR_MS }, others: [], now: NOW }),
    /^ok/,
  );
  const others = [{ user: "bob", path: "/home/bob/q.db" }];
  assertTold(otherQueues.judge({ own: null, others, now: NOW }), /^ok: users' own: \/home\/bob/);
});

Deno.test("passwords: who sends must read them, others not, and settings that all read hold none", () => {
  const owner = { uid: 7, gid: 7, name: "mailq" };
  const password = (mode: number, uid: number, more = {}) => ({
    passwords: [
      { relay: "bulk", path: "/etc/p", isOwnFile: true, file: { mode, uid, gid: 0 }, ...more },
    ],
    logins: 1,
    owner,
  });
  assertTold(passwords.judge(password(0o600, 7)), /^ok/);
  assertTold(
    passwords.judge(password(0o600, 0)),
    /^error: mailq, who sends, cannot read .* → chown mailq \/etc\/p && chmod 600 \/etc\/p/,
  );
  const [open] = passwords.judge(password(0o644, 7));
  assert.deepEqual(open?.fix, { kind: "file", path: "/etc/p", mode: 0o640 });
  assertTold(
    passwords.judge(password(0o644, 0, { isOwnFile: false })),
    /^error: everybody can read .* → write it into a file of its own/,
  );
});

Deno.test("settings: the line is named that is to be mended", () => {
  const facts = { trouble: null, warnings: [], files: ["/etc/mailq.toml"], unread: null };
  assertTold(settings.judge(facts), "ok: read from /etc/mailq.toml");
  assertTold(
    settings.judge({ ...facts, trouble: "Cannot use x = 1 (/etc/mailq.toml:12): expected 2" }),
    /→ editor \+12 \/etc\/mailq\.toml$/,
  );
  assertTold(
    settings.judge({ ...facts, warnings: ["Unknown variable MAILQ_TYPO"], unread: "/srv/c.toml" }),
    "warning: Unknown variable MAILQ_TYPO → unset MAILQ_TYPO",
    /^warning: \/srv\/c\.toml is not read.* → rm \/srv\/c\.toml$/,
  );
});

Deno.test("places and SPF: what a relay that is a file needs, and what is for information", () => {
  const owner = { uid: 7, gid: 7, name: "mailq" };
  const place = { relay: "box", path: "/var/box", needed: "/var" };
  const judged = (info: { uid: number; gid: number; mode: number } | null) =>
    places.judge({ places: [{ ...place, info }], owner });
  assertTold(judged(null), /^error relay box: there is no \/var/);
  assertTold(judged({ uid: 0, gid: 0, mode: 0o755 }), /^error relay box: mailq, who sends/);
  assertTold(judged({ uid: 0, gid: 7, mode: 0o775 }), "ok relay box: /var/box");
  const domain = "sender.test";
  assertTold(spf.judge({ domain, records: ["v=spf1 -all"] }), "ok: sender.test: v=spf1 -all");
  assertTold(spf.judge({ domain, records: [] }), /^ok: sender\.test has none/);
  assertTold(spf.judge({ domain, records: null }), /^ok: .*cannot be looked up/);
});
