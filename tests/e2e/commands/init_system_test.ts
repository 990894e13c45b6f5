import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { dropsOf, makeSystemQueue } from "../support/system_queue.ts";

const modeOf = (path: string) => ((Deno.lstatSync(path).mode ?? 0) & 0o7777).toString(8);

async function withPath(): Promise<Mailq> {
  const mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  mailq.env.MAILQ_QUEUE = `${mailq.folder}/a/b/queue.db`;
  return mailq;
}

Deno.test("init system: makes the queue and its drop folder, and says what to do next", async () => {
  await using mailq = await withPath();
  const said = await mailq.ok(["init", "system"]);
  const folder = `${mailq.folder}/a/b`;
  assert.equal(modeOf(folder), "711");
  assert.equal(modeOf(`${folder}/queue.db`), "600");
  assert.equal(modeOf(`${folder}/drop/taken`), "700");
  assert.equal(modeOf(`${folder}/drop/refused`), "700");
  const mode = Deno.uid() === 0 ? "1733" : "3733";
  assert.equal(modeOf(`${folder}/drop`), mode);
  assert.match(said, new RegExp(`^made   ${folder}/drop \\(${mode}, \\S+\\)$`, "m"));
  assert.match(said, /\* \* \* \* \* +\S+ +\S+ send$/m);
  assert.match(said, /mailq init cron --user \S+` and `mailq init systemd --user/);
  assert.match(said, /queue = "[^"]+queue.db"$/m, "the others must know where it is");
  await mailq.enqueue(mail());
});

Deno.test("init system: called again keeps what is right, and mends the rest", async () => {
  await using mailq = await makeSystemQueue();
  await mailq.enqueue(mail({ subject: "safe" }));
  await Deno.chmod(dropsOf(mailq), 0o777);
  await Deno.remove(`${dropsOf(mailq)}/refused`);
  const steps = await mailq.json(["init", "system"]);
  const done = Object.fromEntries(
    steps.map(({ path, step }) => [path.slice(`${mailq.folder}/system`.length), step]),
  );
  assert.equal(done[""], "kept");
  assert.equal(done["/queue.db"], "kept");
  assert.equal(done["/drop/taken"], "kept");
  assert.equal(done["/drop/refused"], "made");
  assert.equal(done["/drop"], "mended");
  assert.deepEqual(await mailq.statuses(), { safe: "queued" });
  for (const { step } of await mailq.json(["init", "system"])) assert.equal(step, "kept");
});

Deno.test("init system: does not take over a folder with other things in it", async () => {
  await using mailq = await withPath();
  await Deno.mkdir(`${mailq.folder}/a/b`, { recursive: true, mode: 0o750 });
  await Deno.writeTextFile(`${mailq.folder}/a/b/letter.txt`, "");
  const { code, stderr } = await mailq.run(["init", "system"]);
  assert.equal(code, 73);
  assert.match(stderr, /^mailq: Cannot set up a queue in [^\n]*letter.txt[^\n]*\n$/);
  assert.equal(modeOf(`${mailq.folder}/a/b`), "750");
});

for (const name of ["drop", "queue.db", "drop/taken"]) {
  Deno.test(`init system: a link in place of ${name} is an error`, async () => {
    await using mailq = await makeSystemQueue();
    const path = `${mailq.folder}/system/${name}`;
    const elsewhere = `${mailq.folder}/elsewhere`;
    await Deno.rename(path, elsewhere);
    await Deno.chmod(elsewhere, 0o750);
    await Deno.symlink(elsewhere, path);
    const { code, stderr } = await mailq.run(["init", "system"]);
    assert.equal(code, 77, stderr);
    assert.match(stderr, /it is no plain|is not its owner's/);
    assert.equal(modeOf(elsewhere), "750");
  });
}

Deno.test("init system: an unknown user is 64, with the way to make one", async () => {
  await using mailq = await withPath();
  const { code, stderr } = await mailq.run(["init", "system", "--user", "no-such-user"]);
  assert.equal(code, 64);
  assert.match(stderr, /no-such-user.*useradd --system/);
});

Deno.test("init system: a folder above that keeps others out is told", async () => {
  await using mailq = await withPath();
  await Deno.mkdir(`${mailq.folder}/a`, { mode: 0o700 });
  const { code, stderr } = await mailq.run(["init", "system"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, new RegExp(`warning: ${mailq.folder}/a keeps other users`));
});

Deno.test("init: help and the bare command name what there is", async () => {
  await using mailq = await Mailq.make();
  assert.match(await mailq.ok(["init", "--help"]), /^ {2}system +Make a queue/m);
  assert.match(await mailq.ok(["init", "system", "--help"]), /--user USER/);
  assert.match(await mailq.ok(["--help"]), /^ {2}init +/m);
  const { code, stderr } = await mailq.run(["init"]);
  assert.equal(code, 64);
  assert.match(stderr, /system/);
});
