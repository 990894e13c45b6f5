import assert from "node:assert/strict";
import { findMount, isRemote } from "../../src/system/mounts.ts";

const MOUNTINFO = `21 26 0:20 / /proc rw,relatime - proc proc rw
26 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
30 26 0:40 / /srv rw,relatime shared:5 master:1 - nfs4 files:/export rw,vers=4.2
31 30 8:3 / /srv/local\\040disk rw - xfs /dev/sda3 rw
32 26 0:50 / /home/ann/far rw - fuse.sshfs ann@far:/ rw
33 26 0:51 / /data rw - 9p host rw
34 33 8:4 / /data rw - ext4 /dev/sdb1 rw
`;

Deno.test("findMount: the deepest mount above a path, the last of two at one place", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["/var/lib/mailq/queue.db", "ext4"],
    ["/srv", "nfs4"],
    ["/srv/q/queue.db", "nfs4"],
    ["/srvq/queue.db", "ext4"],
    ["/srv/local disk/queue.db", "xfs"],
    ["/home/ann/far/queue.db", "fuse.sshfs"],
    ["/home/ann/queue.db", "ext4"],
    ["/data/queue.db", "ext4"],
  ];
  for (const [path, type] of cases) assert.equal(findMount(path, MOUNTINFO)?.type, type, path);
  assert.equal(findMount("/srv/q", MOUNTINFO)?.source, "files:/export");
  assert.equal(findMount("/x", "no such text\n"), null);
});

Deno.test("isRemote: networks and programs, no disks of this machine", () => {
  const mount = (type: string) => ({ point: "/", source: "x", type });
  for (const type of ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse", "fuse.sshfs", "fuseblk"]) {
    assert.ok(isRemote(mount(type)), type);
  }
  for (const type of ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "f2fs", "fusectl"]) {
    assert.ok(!isRemote(mount(type)), type);
  }
});
