import assert from "node:assert/strict";
import { attemptOf, newMessage, START } from "../support/queue_messages.ts";
import { worked } from "../contract/store/claims.ts";
import { matchesGolden } from "./golden.ts";
import { fillQueue, idOf, KEYS, partlySent, subject, TestScreen, tried } from "./screen.ts";

const encoder = new TextEncoder();

for (const [columns, rows] of [[80, 24], [140, 40]] as const) {
  Deno.test(`the attempts of a message at ${columns}x${rows}`, async () => {
    await using screen = await TestScreen.open({ columns, rows, fill: fillQueue });
    await screen.press("/", "to:bob", KEYS.enter, KEYS.enter);
    await matchesGolden(`attempts_${columns}x${rows}`, screen.terminal.rows());
    // Traceback and transcript are folded, and can be unfolded.
    assert.match(screen.text, /failed bob@acme\.test: 550 5\.1\.1 no such user/);
    assert.doesNotMatch(screen.text, /session\.ts:88|EHLO/);
    await screen.press("jjjjj", KEYS.enter);
    assert.match(screen.text, /▾ traceback[^]*session\.ts:88/);
    await screen.press("G", KEYS.enter);
    assert.match(screen.text, /▾ transcript[^]*C: EHLO host\.test/);
    await matchesGolden(`attempts_unfolded_${columns}x${rows}`, screen.terminal.rows());
    await screen.press(KEYS.enter);
    assert.doesNotMatch(screen.text, /EHLO/);
  });
}

const MAIL = [
  "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
  "MIME-Version: 1.0",
  'Content-Type: multipart/mixed; boundary="b"',
  "",
  "--b",
  'Content-Type: multipart/alternative; boundary="a"',
  "",
  "--a",
  "Content-Type: text/plain; charset=utf-8",
  "",
  "The plain part",
  "--a",
  "Content-Type: text/html",
  "",
  "<p>The <b>marked up</b> part</p>",
  "--a--",
  "--b",
  'Content-Type: application/pdf; name="invoice.pdf"',
  "Content-Disposition: attachment",
  "Content-Transfer-Encoding: base64",
  "",
  "JVBERi0=",
  "--b--",
  "",
].join("\r\n");

Deno.test("each tab shows its part of a message", async () => {
  await using screen = await TestScreen.open({
    fill: async ({ store }) => {
      await store.enqueue([newMessage({ content: encoder.encode(MAIL), sizeBytes: MAIL.length })]);
    },
  });
  await screen.press(KEYS.enter, "]");
  assert.match(screen.text, /\[Headers\][^]*Content-Type: multipart\/mixed/);
  await screen.press("\t");
  assert.match(screen.text, /\[Text\][^]*The plain part[^]*invoice\.pdf/);
  assert.doesNotMatch(screen.text, /marked up/);
  await screen.press("]");
  assert.match(screen.text, /\[Html\][^]*The .*marked up/);
  await screen.press("]");
  assert.match(screen.text, /\[Raw\][^]*Subject: =\?utf-8/);
  await screen.press("G");
  assert.match(screen.text, /JVBERi0=/);
  await screen.press("]");
  assert.match(screen.text, /\[Attempts\]/);
  await screen.press("[");
  assert.match(screen.text, /\[Raw\]/);
});

Deno.test("a long text is scrolled, searched and wrapped", async () => {
  const lines = Array.from({ length: 500 }, (_, i) => `Line ${i} ${"word ".repeat(20)}end${i}`);
  const content = encoder.encode(`Subject: x\r\n\r\n${lines.join("\r\n")}\r\n`);
  await using screen = await TestScreen.open({
    fill: async ({ store }) => {
      await store.enqueue([newMessage({ content, sizeBytes: content.length })]);
    },
  });
  await screen.press(KEYS.enter, "]]");
  assert.match(screen.text, /Line 0 [^]*end0$/m);
  await screen.press("/", "END321", KEYS.enter);
  assert.match(screen.text, /end321/);
  await screen.press("/", "\x15nowhere", KEYS.enter);
  assert.match(screen.text, /"nowhere" is not there/);
  await screen.press("w");
  assert.doesNotMatch(screen.text, /end0/);
  assert.match(screen.text, /^ Line 0 .*…$/m);
  await screen.press("G");
  assert.match(screen.text, /^ Line 499 /m);
  await screen.press("k");
  assert.doesNotMatch(screen.text, /^ Line 499 /m);
});

Deno.test("J and K go to the next message and back, and keep the tab", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  await screen.press(KEYS.enter, "]]", "J");
  assert.match(screen.text, /he1d.*‖ held[^]*\[Text\]/);
  await screen.press("K");
  assert.match(screen.text, /f1rst/);
  await screen.press("h", "j", "l");
  assert.match(screen.text, /he1d.*‖ held[^]*\[Text\]/);
});

Deno.test("the preview pane follows the cursor, and can be shut", async () => {
  await using screen = await TestScreen.open({ columns: 160, rows: 40, fill: fillQueue });
  await screen.press("jjjj");
  assert.match(screen.text, /│ Invoice 2026-11/);
  assert.match(screen.text, /│ .*550 5\.1\.1 no such user/);
  await screen.press(" ", " ", "k");
  assert.match(screen.text, /│ Newsletter 47/);
  await screen.press("g", "jjj", " ");
  assert.match(screen.text, /│ Invoice 2026-11/);
  await screen.press("o");
  assert.doesNotMatch(screen.text, /│/);
  assert.match(screen.text, /NEXT +FROM/);
  await screen.press("o");
  assert.match(screen.text, /│ Invoice 2026-11/);
});

Deno.test("a message that is purged while it is shown is said to be gone", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  await screen.press("5", KEYS.enter);
  await screen.store.purge({ statuses: ["sent"] }, { finalBefore: null, includeOpen: false });
  await screen.shows(/not in the queue any more/);
  await screen.press("q");
  assert.match(screen.text, /No message matches/);
});

Deno.test("the statistics lead to the lists behind them", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  await screen.press(":", "stats", KEYS.enter);
  await matchesGolden("stats_80x24", screen.terminal.rows());
  assert.match(screen.text, /▸ +2 {2}@acme\.test/);
  await screen.press(KEYS.enter);
  assert.match(screen.text, /status:failed,partial,deferred to:"@acme\.test"[^]*row 1\/2/);
  // Esc goes back to where the list came from, with the cursor there.
  await screen.press("j", "h");
  assert.match(screen.text, /\[Statistics\][^]*▸ +2 {2}@acme\.test/);
});

Deno.test("a message with thousands of recipients and attempts is scrolled all the same", async () => {
  const recipients = Array.from({ length: 3_000 }, (_, i) => `user${i}@acme.test`);
  await using screen = await TestScreen.open({
    fill: async (fixture) => {
      await tried(fixture, { retryAt: START + 1 }, {
        id: idOf("many"),
        recipients,
        ...subject("Many"),
      });
    },
  });
  await screen.press(KEYS.enter);
  assert.match(screen.text, /▸ 3000 recipients[^]*deferred user0@acme\.test/);
  await screen.press(KEYS.enter, "/", "user2999", KEYS.enter);
  assert.match(screen.text, /deferred user2999@acme\.test/);
});

Deno.test("what is overdue does not read as what is to come, and each attempt has its date", async () => {
  const day = 86_400_000;
  await using screen = await TestScreen.open({
    columns: 110,
    fill: async (fixture) => {
      await tried(fixture, { retryAt: START - 8 * day }, { id: idOf("1ate") }, {
        startedAt: START - 9 * day,
      });
      await fixture.store.retry({}, { dueOnly: false });
      await using worker = await worked(fixture.store);
      const { claims: [claim] } = await fixture.store.claimDue({
        worker: worker.handle,
        limit: 1,
        onlyUntried: false,
      });
      assert(claim !== undefined);
      await fixture.store.record([attemptOf(claim, { retryAt: START - 8 * day })]);
    },
  });
  assert.match(screen.text, /8d late/);
  await screen.press(KEYS.enter);
  assert.match(screen.text, /next 8d late/);
  assert.doesNotMatch(screen.text, /next 8d[^ ]|next 8d$/);
  const date = new Date(START - 9 * day).toISOString().slice(0, 7);
  assert.match(screen.text, new RegExp(`1/5  ${date}-\\d\\d \\d\\d:`));
});

Deno.test("what of a message is of use elsewhere can be copied, made safe", async () => {
  await using screen = await TestScreen.open({
    fill: async (fixture) => {
      await tried(fixture, "failed", {
        id: idOf("7kq3vd"),
        recipients: ["bob@acme.test"],
        ...subject("Invoice\nrm -rf /"),
      });
    },
  });
  const copied = () =>
    // deno-lint-ignore no-control-regex -- what asks for the clipboard begins and ends with controls
    [...screen.terminal.written.matchAll(/\x1b\]52;c;([^\x07]*)\x07/g)]
      .map(([, text = ""]) => new TextDecoder().decode(Uint8Array.fromBase64(text)));
  await screen.press("y");
  await matchesGolden("copy_80x24", screen.terminal.rows());
  await screen.press("y");
  assert.match(screen.text, /7kq3vd000000 copied/);
  for (const key of ["a", "m", "r", "s", "c", "t"]) await screen.press("y", key);
  assert.deepEqual(copied(), [
    "7kq3vd000000",
    "bob@acme.test",
    "<1@sender.example>",
    "550 5.1.1 no such user",
    "Invoice␊rm -rf /",
    "mailq show 7kq3vd000000",
    "mailq retry 7kq3vd000000",
  ]);
});

Deno.test("those who did not get it stand first, and what was said stands once", async () => {
  await using screen = await TestScreen.open({ rows: 40, fill: partlySent });
  await screen.press(KEYS.enter, KEYS.enter);
  assert.match(
    screen.text,
    /50 recipients: 6 failed, 44 sent\n +✗ failed \(permanent\) user44@acme\.test/,
  );
  await screen.press(KEYS.enter);
  assert.match(screen.text, /✗ failed user44@acme\.test, user45@acme\.test, .* and 3 more:\n +550/);
  assert.equal(screen.text.match(/no such user/g)?.length, 1);
});

Deno.test("attachments are listed, saved where one says, and given to a program", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const mail = MAIL.replace('name="invoice.pdf"', 'name="../../.profile/inv\x1boice.pdf"');
    await using screen = await TestScreen.open({
      fill: async ({ store }) => {
        await store.enqueue([
          newMessage({ content: encoder.encode(mail), sizeBytes: mail.length }),
        ]);
      },
    });
    await screen.press(KEYS.enter, "a");
    await screen.shows(/▸ .*\(application\/pdf, 5 bytes\)/);
    await screen.press(KEYS.enter);
    // Whatever it was called, it stays in its folder.
    const offered = /save as: \.\/(.*)/.exec(screen.text)?.[1] ?? "";
    assert.match(offered, /^[^./][^/]*invoice\.pdf$|^[^./][^/]*inv_oice\.pdf$/);
    await screen.press(`\x15${folder}/saved.pdf`, KEYS.enter);
    await screen.shows(/5 bytes written to/);
    assert.equal(await Deno.readTextFile(`${folder}/saved.pdf`), "%PDF-");
    assert.equal((await Deno.stat(`${folder}/saved.pdf`)).mode! & 0o777, 0o600);
    // Nothing is written over.
    await screen.press("a", "s", `\x15${folder}/saved.pdf`, KEYS.enter);
    await screen.shows(/there is such a file already/);
    screen.terminal.type("ao");
    await screen.shows(/open with:/);
    screen.terminal.type(`cat > ${folder}/opened\r`);
    await screen.shows(/ended with 0; Enter goes back/);
    screen.terminal.type("\r");
    await screen.shows(/ended with 0/);
    assert.equal(await Deno.readTextFile(`${folder}/opened`), "%PDF-");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
