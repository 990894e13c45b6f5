import assert from "node:assert/strict";

const ROOT = new URL("../", import.meta.url).pathname;

/** What each part of src/ may import, besides itself and packages. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  queue: [],
  system: [],
  intake: ["queue", "system"],
  store: ["queue", "system"],
  transport: ["queue", "system"],
  app: ["queue", "system", "intake", "store", "transport", "config", "display", "delivery"],
  config: ["queue", "system"],
  display: ["queue", "system"],
  delivery: ["queue", "system"],
  cli: [
    "queue",
    "system",
    "app",
    "intake",
    "store",
    "transport",
    "config",
    "display",
    "delivery",
    "tui",
  ],
  tui: ["queue", "system", "store", "display", "app"],
};

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly isDynamic: boolean;
}

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(ROOT + folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sources(path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

async function imports(): Promise<Import[]> {
  const found: Import[] = [];
  for await (const path of sources("src")) {
    const text = await codeOf(path);
    for (const [, specifier = ""] of text.matchAll(/\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"/gm)) {
      found.push({ from: path, specifier, isDynamic: false });
    }
    for (const [, specifier = ""] of text.matchAll(/\bimport(?:\.meta\.resolve)?\(\s*"([^"]+)"/g)) {
      found.push({ from: path, specifier, isDynamic: true });
    }
  }
  return found;
}

function partOf(path: string): string {
  return path.split("/")[1] ?? "";
}

function target(one: Import): string | null {
  if (!one.specifier.startsWith(".")) return null;
  return new URL(one.specifier, `file:///${one.from}`).pathname.slice(1);
}

Deno.test("imports point inwards", async () => {
  const wrong: string[] = [];
  for (const one of await imports()) {
    const to = target(one);
    if (to === null) continue;
    const from = partOf(one.from);
    const allowed = ALLOWED[from];
    assert.ok(allowed, `${one.from}: no rule for src/${from}`);
    if (partOf(to) !== from && !allowed.includes(partOf(to))) wrong.push(`${one.from} -> ${to}`);
  }
  assert.deepEqual(wrong, []);
});

Deno.test("the queue's words import nothing but each other", async () => {
  const outside = (await imports()).filter((one) =>
    partOf(one.from) === "queue" && !one.specifier.startsWith(".")
  );
  assert.deepEqual(outside, []);
});

Deno.test("commands are loaded lazily", async () => {
  const eager = (await imports()).filter((one) => {
    const to = target(one);
    return to?.startsWith("src/cli/commands/") && !one.from.startsWith("src/cli/commands/");
  });
  assert.deepEqual(eager, []);
});

Deno.test("the screen is loaded by its command alone, and lazily", async () => {
  const all = await imports();
  const ofScreen = all.filter((one) =>
    target(one)?.startsWith("src/tui/") && !one.from.startsWith("src/tui/")
  );
  assert.deepEqual([...new Set(ofScreen.map(({ from }) => from))], ["src/cli/commands/tui.ts"]);
  assert.deepEqual(ofScreen.filter(({ isDynamic }) => !isDynamic), []);
  const ink = all.filter(({ specifier }) => /^(ink|react)\b/.test(specifier));
  assert.ok(ink.length > 0);
  assert.deepEqual(ink.filter(({ from }) => !from.startsWith("src/tui/")), []);
});

Deno.test("PostgreSQL is loaded where a queue is on it, and by no literal import", async () => {
  const all = await imports();
  const isItsOwn = ({ from }: Import) => from.startsWith("src/store/postgres/");
  const doors = all.filter((one) =>
    target(one)?.startsWith("src/store/postgres/") && !isItsOwn(one)
  );
  assert.deepEqual([...new Set(doors.map(({ from }) => from))].sort(), [
    "src/app/doctor/queue/database.ts",
    "src/cli/commands/grant.ts",
    "src/cli/commands/migrate.ts",
    "src/store/open.ts",
  ]);
  assert.deepEqual(doors.filter(({ isDynamic }) => !isDynamic), []);
  for (const from of new Set(doors.map(({ from }) => from))) {
    assert.doesNotMatch(await codeOf(from), /await import\(\s*"[^"]*postgres/);
  }
  const driver = all.filter(({ specifier }) => specifier === "pg");
  assert.ok(driver.length > 0);
  assert.deepEqual(driver.filter((one) => !isItsOwn(one)), []);
});

Deno.test("packages that cost time at start are imported where they are used, dynamically", async () => {
  const lazy = /^(nodemailer|smol-toml|postal-mime|html-to-text|date-fns|string-width)/;
  const eager = (await imports()).filter((one) => !one.isDynamic && lazy.test(one.specifier));
  // These are themselves loaded when they are wanted.
  const loaders = [
    "src/config/settings_file.ts",
    "src/display/timestamps.ts",
    "src/display/preview/html_text.ts",
  ];
  assert.deepEqual(eager.map((one) => one.from).filter((path) => !loaders.includes(path)).sort(), [
    "src/intake/address/address_check.ts",
    "src/intake/compose/html_text.ts",
  ]);
});

Deno.test("only main.ts exits, and only the output module prints", async () => {
  const wrong: string[] = [];
  for await (const path of sources("src")) {
    const text = await codeOf(path);
    if (/\bDeno\.exit\b/.test(text)) wrong.push(`${path} exits`);
    if (/\bconsole\.(log|error|warn|info|debug)\b/.test(text)) wrong.push(`${path} prints`);
  }
  assert.deepEqual(wrong, []);
});

Deno.test("the version of the program is the one of deno.json", async () => {
  const { VERSION } = await import("../src/cli/frame/version.ts");
  const { version } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  assert.equal(VERSION, version);
});

Deno.test("files stay small", async () => {
  const large: string[] = [];
  for await (const path of sources("src")) {
    const lines = (await Deno.readTextFile(ROOT + path)).split("\n").length;
    if (lines > 320) large.push(`${path}: ${lines}`);
  }
  assert.deepEqual(large, []);
});

Deno.test("folders stay small", async () => {
  const files = new Map<string, number>();
  for await (const path of sources("src")) {
    const folder = path.slice(0, path.lastIndexOf("/"));
    files.set(folder, (files.get(folder) ?? 0) + 1);
  }
  // One file a command, and all of them in one place.
  const large = [...files].filter(([folder, n]) => n > 16 && folder !== "src/cli/commands");
  assert.deepEqual(large, []);
});

Deno.test("every file begins with what it is for", async () => {
  const wrong: string[] = [];
  for await (const path of sources("src")) {
    const lines = (await Deno.readTextFile(ROOT + path)).split("\n");
    const end = lines.findIndex((line) => !line.startsWith("//"));
    // A directive for a tool tells a reader nothing.
    const head = lines.slice(0, end).filter((line) => !/^\/\/ (deno-lint|@ts)/.test(line));
    const isFit = head.length >= 2 && head.length <= 5 && lines[end] === "";
    if (!isFit) wrong.push(`${path}: ${head.length} lines`);
  }
  assert.deepEqual(wrong, []);
});

Deno.test("no import circle", async () => {
  const arrows = new Map<string, Set<string>>();
  for (const one of await imports()) {
    const to = target(one);
    if (to === null) continue;
    const targets = arrows.get(one.from) ?? new Set();
    arrows.set(one.from, targets.add(to));
  }
  assert.deepEqual(circles(arrows), []);
});

Deno.test("the finder of circles finds them", () => {
  const arrows = new Map(Object.entries({
    a: new Set(["b"]),
    b: new Set(["c", "d"]),
    c: new Set(["a"]),
    d: new Set(["d", "e"]),
    e: new Set(["f"]),
    f: new Set<string>(),
  }));
  assert.deepEqual(circles(arrows), [["a", "b", "c"], ["d"]]);
});

/** The files that import each other in a circle, by circle; circles that share a file are one. */
function circles(arrows: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const reached = new Map([...arrows.keys()].map((file) => [file, reachedFrom(file, arrows)]));
  const found = new Map<string, string[]>();
  for (const [file, others] of reached) {
    if (!others.has(file)) continue;
    const circle = [...others].filter((other) => reached.get(other)?.has(file)).sort();
    found.set(circle.join(" "), circle);
  }
  return [...found.entries()].sort(([a], [b]) => a < b ? -1 : 1).map(([, circle]) => circle);
}

/** What a file imports, and what that imports, and so on. */
function reachedFrom(start: string, arrows: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const reached = new Set<string>();
  const open = [start];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    for (const next of arrows.get(file) ?? []) {
      if (reached.has(next)) continue;
      reached.add(next);
      open.push(next);
    }
  }
  return reached;
}

/** Values that tests alone import, and what they are to be tested for without the rest. */
const FOR_TESTS: readonly string[] = [
  // Crontabs of all kinds, without a machine that has them.
  "src/app/doctor/sending/cron_lines.ts readCrontab",
  // Rules alone, without an error handler.
  "src/delivery/round/overrule.ts blameAll",
  // Places to listen, without the other settings.
  "src/config/tables/listen.ts parseListenAddress",
  // The previewer's answers are held against its own limits.
  "src/display/preview/previewer.ts PREVIEW_LIMITS",
  // A folder's messages, without the other arguments of `enqueue`.
  "src/intake/sources/files.ts folderInputs",
  // The table of events: the manual page and tests go through it.
  // The table of refusals, row by row.
  "src/queue/policy/refusals.ts REFUSALS",
  "src/queue/policy/refusals.ts rowFor",
  // Lists of mounts that this machine has not.
  "src/system/mounts.ts findMount",
  // Which base the program runs on decides which of the two wires TLS needs.
  "src/transport/smtp/connection/node_wire.ts isNodeTlsFit",
  "src/transport/smtp/connection/tcp_wire.ts TcpWire",
  // Limits that a hostile server is held to.
  "src/transport/smtp/connection/transcript.ts MAX_TRANSCRIPT_BYTES",
  "src/transport/smtp/mail/replies.ts MAX_LINE_BYTES",
  "src/transport/smtp/mail/replies.ts MAX_REPLY_BYTES",
  // Texts of all kinds, more than conversations could bring.
  "src/transport/smtp/mail/dsn.ts xtext",
  "src/transport/smtp/open_smtp_relay.ts effectiveMode",
  "src/transport/smtp/session/scram.ts ScramError",
];

Deno.test("no export is used in its own file alone", async () => {
  const users = await usersOfFiles();
  const unused: string[] = [];
  for await (const path of sources("src")) {
    for (const { name, isType } of exportsOf(await codeOf(path))) {
      // The command line loads each command by its computed name.
      if (path.startsWith("src/cli/commands/") && name === "command") continue;
      const isUsed = (users.get(path) ?? []).some(({ from, text }) =>
        // A type that tests name costs nothing; a value is to be used by the program.
        (isType || !from.startsWith("tests/")) && new RegExp(`\\b${name}\\b`).test(text)
      );
      if (!isUsed) unused.push(`${path} ${name}`);
    }
  }
  assert.deepEqual(unused.toSorted(), FOR_TESTS.toSorted());
});

Deno.test("the finder of exports finds them", () => {
  const text = `export const a = 1;
export async function b() {}
export interface C {}
export type D = C;
export class E {}
const f = 2;
`;
  assert.deepEqual(exportsOf(text), [
    { name: "a", isType: false },
    { name: "b", isType: false },
    { name: "C", isType: true },
    { name: "D", isType: true },
    { name: "E", isType: false },
  ]);
});

function exportsOf(text: string): { readonly name: string; readonly isType: boolean }[] {
  const pattern =
    /^export (?:async |abstract )?(const|let|function\*?|class|interface|type) (\w+)/gm;
  return [...text.matchAll(pattern)].map(([, kind = "", name = ""]) => ({
    name,
    isType: kind === "interface" || kind === "type",
  }));
}

interface User {
  readonly from: string;
  readonly text: string;
}

/** Who imports each file of src/, in whatever way, with the importing text. */
async function usersOfFiles(): Promise<Map<string, User[]>> {
  const users = new Map<string, User[]>();
  const paths = ["main.ts", ".ci/compile.ts", ...await Array.fromAsync(sources("src"))];
  for (const from of [...paths, ...await Array.fromAsync(sources("tests"))]) {
    const text = await codeOf(from);
    const targets = new Set<string>();
    for (const [, specifier = ""] of text.matchAll(/(?:\bfrom |\()\s*"(\.[^"]+)"/g)) {
      const to = target({ from, specifier, isDynamic: false });
      if (to !== null && to !== from) targets.add(to);
    }
    for (const to of targets) users.set(to, [...users.get(to) ?? [], { from, text }]);
  }
  return users;
}

/** A file's text without its comments. */
async function codeOf(path: string): Promise<string> {
  return (await Deno.readTextFile(ROOT + path)).replace(/^\s*(\/\/|\*|\/\*).*$/gm, "");
}

Deno.test("what the screen knows does not know how it is shown", async () => {
  const model = (await imports()).filter((one) => one.from.startsWith("src/tui/model/"));
  const shown = model.filter((one) => {
    const to = target(one) ?? "";
    return /^src\/tui\/(screens\/|session|effects|start)/.test(to) ||
      one.specifier.startsWith("ink");
  });
  assert.ok(model.length > 0);
  assert.deepEqual(shown, []);
});
