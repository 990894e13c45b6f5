import assert from "node:assert/strict";
import { declaredCommand } from "../../src/cli/frame/declared.ts";
import { GLOBAL_OPTIONS } from "../../src/cli/frame/globals.ts";
import { PAGES } from "../../src/cli/manual/pages.ts";
import { mail, Mailq, PROGRAM } from "../support/mailq.ts";
import { runInShell } from "./support/shell.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

interface Document {
  readonly name: string;
  readonly text: string;
}

const DOCUMENTS: readonly Document[] = [
  { name: "README", text: await Deno.readTextFile(`${ROOT}README.md`) },
  ...PAGES.map(({ name, text }) => ({ name, text })),
];

/** The code blocks of a language. */
function blocks({ text }: Document, language: string): string[] {
  return [...text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)]
    .filter(([, fence]) => fence === language).map(([, , code = ""]) => code);
}

/** The lines of shell, those that end with a backslash with what follows. */
function shellLines(document: Document): string[] {
  return blocks(document, "sh").flatMap((code) =>
    code.replace(/\\\n\s*/g, " ").split("\n").filter((line) => line.trim() !== "")
  );
}

/** Programs that would change this machine; a document's line runs without them. */
const STUBS = [
  "createdb",
  "npx",
  "deno",
  "systemctl",
  "apt",
  "crontab",
  "dpkg-divert",
  "update-alternatives",
  "ln",
];

/** What a line is about that is not there in a test. */
const NOT_THERE =
  /Cannot find (a message whose id begins|the problem)|No such file|only SMTP and LMTP answer/;

/** A machine as the documents speak of, in a folder of its own. */
async function machine(): Promise<Mailq> {
  const mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  const { folder } = mailq;
  const bin = `${folder}/stubs`;
  await Deno.mkdir(bin);
  for (const name of STUBS) {
    await Deno.writeTextFile(`${bin}/${name}`, "#!/bin/sh\n", { mode: 0o755 });
  }
  // For a shell within the line.
  const program = PROGRAM.map((word) => `'${word}'`).join(" ");
  await Deno.writeTextFile(`${bin}/mailq`, `#!/bin/sh\nexec ${program} "$@"\n`, { mode: 0o755 });
  await Deno.writeTextFile(`${bin}/sudo`, '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
  for (
    const path of ["outbox", "failed-before", "var/backups", "var/lib/mailq", "etc/systemd/system"]
      .concat(".local/share/bash-completion/completions", "usr/share/bash-completion/completions")
      .concat("Maildir/new", "Maildir/cur", "Maildir/tmp", "srv/app/mail-queue/new")
      .concat("srv/app/mail-queue/cur", "srv/app/mail-queue/tmp")
  ) await Deno.mkdir(`${folder}/${path}`, { recursive: true });
  const text = mail({ to: "ann@example.org" });
  for (const name of ["mail", "alert", "invoice", "receipt", "outbox/one"]) {
    await Deno.writeTextFile(`${folder}/${name}.eml`, text);
  }
  await Deno.writeTextFile(`${folder}/saved.mbox`, `From ann@example.org\n${text}`);
  for (const name of ["report.html", "report.pdf", "logo.png", "text"]) {
    await Deno.writeTextFile(`${folder}/${name}`, "x");
  }
  for (const name of ["nightly-report.sh", "charge-card"]) {
    await Deno.writeTextFile(`${folder}/${name}`, "#!/bin/sh\n", { mode: 0o755 });
  }
  return mailq;
}

/** The line as it can be run there: nothing outside of the folder, nothing that goes on for ever. */
function tamed(line: string, folder: string): string {
  return line.replaceAll("/usr/local/bin/mailq", "mailq")
    .replace(/(^|[\s=(])\/(var|etc|srv|usr)\//g, `$1${folder}/$2/`)
    .replace(/ --(watch|follow)\b/g, "")
    .replace(/^mailq run(?! --once)/, "mailq run --once");
}

for (const document of DOCUMENTS) {
  Deno.test(`documents: every line of shell in ${document.name} runs`, async () => {
    await using mailq = await machine();
    for (const line of shellLines(document)) {
      // Another queue is set up, or a backup of then put in place, by tests of their own; no database is
      // there, and nobody who logs in.
      if (/init system|restore|login|migrate|grant/.test(line)) continue;
      const env = { PATH: `${mailq.folder}/stubs:${mailq.env.PATH}` };
      const { code, stderr } = await runInShell(mailq, tamed(line, mailq.folder), {
        env,
        stdin: "Hi\n",
      });
      const isFine = code === 0 || /^mailq doctor/.test(line) && code <= 2 ||
        [66, 69].includes(code) || NOT_THERE.test(stderr);
      assert.ok(isFine, `${line}\nended with ${code}: ${stderr}`);
    }
  });

  Deno.test(`documents: every settings file in ${document.name} is right`, async () => {
    for (const text of blocks(document, "toml")) {
      await using mailq = await Mailq.make();
      await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, text);
      const { code, stderr } = await mailq.run(["config"]);
      assert.equal(code, 0, `${text}\n${stderr}`);
    }
  });

  Deno.test(`documents: every JSON line in ${document.name} is one`, () => {
    for (const text of blocks(document, "json")) {
      for (const line of text.trim().split("\n")) JSON.parse(line);
    }
  });

  Deno.test(`documents: every command and option that ${document.name} names is there`, async () => {
    const globals = GLOBAL_OPTIONS.flatMap(([option]) => option.match(/--[\w-]+/) ?? []);
    const prose = document.text.replace(/^```[^]*?^```$/gm, "");
    for (const [, code = ""] of prose.matchAll(/`(?:MAILQ_TX= )?mailq ([^`]+)`/g)) {
      const words = code.replaceAll("\\|", " ").replace(/["']/g, "").split(/[\s,]+/);
      const [name = ""] = words;
      if (["help", "COMMAND", "FILE"].includes(name) || name.startsWith("-")) continue;
      const command = await declaredCommand(words);
      assert.ok(command !== null, `mailq ${code}`);
      if (["sendmail", "tx"].includes(name)) continue;
      const known = [...globals, ...command.options.map((option) => `--${option.name}`)];
      const named = words.filter((word) => word.startsWith("--"))
        .map((word) => word.split("=")[0] ?? "");
      for (const option of named) assert.ok(known.includes(option), `mailq ${code}: ${option}`);
    }
  });
}

Deno.test("documents: the README is one that a newcomer reads", () => {
  const [readme] = DOCUMENTS;
  assert.ok((readme?.text.split("\n").length ?? 0) <= 210);
});
