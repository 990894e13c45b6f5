import assert from "node:assert/strict";
import { runChild } from "../../support/child.ts";
import { mail, Mailq, PROGRAM } from "../../support/mailq.ts";

/** Runs a shell script in which `mailq` is the program: only a shell can give it any bytes. */
async function shell(mailq: Mailq, script: string, env: Record<string, string> = {}) {
  await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, "", { create: true, append: true });
  return await runChild(["/bin/sh", "-c", script, "sh", ...PROGRAM], {
    env: { ...mailq.env, ...env },
    clearEnv: true,
    cwd: mailq.folder,
  });
}

/** `grüße` in ISO 8859-1, for printf. */
const ODD = "gr\\374\\337e";
const MAIL = `printf 'To: a@b.test\\nSubject: x\\n\\nhi\\n'`;

Deno.test("no UTF-8: a file of such a name in a folder is told, and nothing is queued", async () => {
  await using mailq = await Mailq.make();
  const made = `mkdir out; for f in a "$(printf '${ODD}')" z; do ${MAIL} > "out/$f.eml"; done; `;
  const { code, stdout, stderr } = await shell(mailq, `${made} "$@" enqueue out`);
  assert.deepEqual([code, stdout], [66, ""]);
  assert.match(stderr, /Cannot read "out\/gr.+e\.eml": its name is no UTF-8.*: rename it/);
  assert.equal((await mailq.json(["list"])).length, 0);
  const other = await shell(mailq, `mv out/gr*.eml out/odd; "$@" enqueue out`);
  assert.equal(other.code, 0, "what is no *.eml is no matter");
  assert.equal((await mailq.json(["list"])).length, 2);
});

Deno.test("no UTF-8: a file of such a name in a Maildir is told, with --set-aside beside the rest", async () => {
  await using mailq = await Mailq.make();
  const made = `mkdir -p m/new m/cur m/tmp; for f in 1 "$(printf '${ODD}')"; do ` +
    `${MAIL} > "m/new/$f"; done; `;
  const all = await shell(mailq, `${made} "$@" enqueue --maildir m`);
  assert.deepEqual([all.code, all.stdout], [66, ""]);
  assert.match(all.stderr, /its name is no UTF-8/);
  const some = await shell(mailq, `"$@" enqueue --maildir m --set-aside; s=$?; ls m/new; exit $s`);
  assert.equal(some.code, 66);
  assert.match(some.stderr, /left where it is: .*its name is no UTF-8/);
  assert.equal((await mailq.json(["list"])).length, 1);
});

/** What a word of such bytes is given as, and what is said of it. */
const WORDS: readonly (readonly [string, RegExp])[] = [
  [`enqueue "$(printf '${ODD}.eml')"`, /the argument "gr.*e\.eml": it is no UTF-8/],
  [`enqueue --tag "$(printf '${ODD}')"`, /it is no UTF-8/],
  [`enqueue --to "$(printf 'j\\366@b.test')"`, /it is no UTF-8/],
  [`enqueue --to="$(printf 'j\\366@b.test')"`, /it is no UTF-8/],
  [`compose -s "$(printf '${ODD}')" a@b.test`, /it is no UTF-8/],
  [`compose -s x --attach "$(printf '${ODD}')" a@b.test`, /it is no UTF-8/],
  [`list --subject "$(printf '${ODD}')"`, /it is no UTF-8/],
  [`--queue "$(printf '${ODD}.db')" enqueue`, /it is no UTF-8/],
  [`--queue "$(printf '${ODD}.db')" sendmail a@b.test`, /it is no UTF-8/],
  [`--config "$(printf '${ODD}.toml')" list`, /it is no UTF-8/],
  [`tx -- echo "$(printf '${ODD}')"`, /it is no UTF-8/],
];

// The runtime base of old binaries ends before any line of ours.
const ignore = Deno.env.get("MAILQ_TEST_PROGRAM") !== undefined;

Deno.test("no UTF-8: an argument is refused, and names itself", { ignore }, async () => {
  await using mailq = await Mailq.make();
  for (const [words, expected] of WORDS) {
    const ended = await shell(mailq, `${MAIL} | "$@" ${words}`);
    assert.deepEqual([ended.code, ended.stdout], [64, ""], words);
    assert.match(ended.stderr, expected, words);
  }
  const left = [...Deno.readDirSync(mailq.folder)].map(({ name }) => name);
  assert.deepEqual(left, ["mailq.toml"], "nothing was made");
});

Deno.test("no UTF-8: U+FFFD itself may be an argument", { ignore }, async () => {
  await using mailq = await Mailq.make();
  await mailq.ok(["enqueue", "--tag", "\ufffd"], { stdin: mail() });
  assert.equal((await mailq.json(["list", "--tag=\ufffd"])).length, 1);
});

Deno.test(
  "no UTF-8: sendmail loses no mail for a name, and refuses an address",
  { ignore },
  async () => {
    await using mailq = await Mailq.make();
    for (const name of [`-F"$(printf 'J\\366rg')"`, `-F "$(printf 'J\\366rg')"`]) {
      const { code, stderr } = await shell(mailq, `${MAIL} | "$@" sendmail ${name} a@b.test`);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /warning: the sender's name is left out: it is no UTF-8/);
    }
    const named = await shell(
      mailq,
      `NAME="$(printf 'J\\366rg')"; export NAME; ${MAIL} | "$@" sendmail a@b.test`,
    );
    assert.deepEqual([named.code, /left out/.test(named.stderr)], [0, true]);
    const [{ id }] = await mailq.json(["list", "--limit", "1"]);
    assert.match(await mailq.ok(["show", "--raw", id]), /^From: tester@host\.test\r$/m);
    for (
      const words of [`"$(printf 'j\\366@b.test')"`, `-f "$(printf 'j\\366@b.test')" a@b.test`]
    ) {
      const { code, stderr } = await shell(mailq, `${MAIL} | "$@" sendmail -i ${words}`);
      assert.equal(code, 65, stderr);
    }
    assert.equal((await mailq.json(["list"])).length, 3);
  },
);

Deno.test("no UTF-8: a variable of ours is an error, and at intake where it matters", async () => {
  await using mailq = await Mailq.make();
  const odd = (name: string) => `${name}="$(printf '${ODD}')"; export ${name}; `;
  for (const name of ["MAILQ_FROM", "MAILQ_QUEUE"]) {
    const ended = await shell(mailq, `${odd(name)} ${MAIL} | "$@" enqueue`);
    assert.deepEqual([ended.code, ended.stdout], [78, ""], name);
    assert.match(ended.stderr, new RegExp(`${name}.*expected UTF-8 text`));
  }
  const taken = await shell(mailq, `${odd("MAILQ_TRANSPORT")} ${MAIL} | "$@" enqueue`);
  assert.equal(taken.code, 0);
  assert.match(taken.stderr, /warning: .*MAILQ_TRANSPORT.*expected UTF-8 text/);
  for (const name of ["MAILQ_TRANSPORT", "MAILQ_PASSWORD"]) {
    const env = { MAILQ_TRANSPORT: "smtp://user@relay.test" };
    const ended = await shell(mailq, `${odd(name)} "$@" send`, env);
    assert.equal(ended.code, 78, name);
    assert.match(ended.stderr, /expected UTF-8 text/);
  }
});

Deno.test("no UTF-8: a settings file's comment may be so, a value is an error with its line", async () => {
  await using mailq = await Mailq.make();
  const set = (text: string) => `printf '${text}' > mailq.toml; `;
  const comment = await shell(mailq, `${set(`# ${ODD}\\nfrom = "a@b.test"\\n`)} "$@" config`);
  assert.equal(comment.code, 0, comment.stderr);
  const value = `max_batch = 5\\nfrom = "${ODD}@b.test"\\n`;
  const ended = await shell(mailq, `${set(value)} ${MAIL} | "$@" enqueue`);
  assert.equal(ended.code, 78);
  assert.match(ended.stderr, /from = .*mailq\.toml:2\): expected UTF-8 text/);
  const route = `[[route]]\\nrecipient = "${ODD}@b.test"\\nrelays = ["default"]\\n`;
  assert.equal((await shell(mailq, `${set(route)} ${MAIL} | "$@" enqueue`)).code, 0);
  const send = await shell(mailq, `"$@" send`);
  assert.equal(send.code, 78);
  assert.match(send.stderr, /\[\[route\]\].*expected UTF-8 text/);
});
