import assert from "node:assert/strict";
import { expandAlias } from "../../../src/intake/aliases/expand.ts";
import { parseAliases } from "../../../src/intake/aliases/parse.ts";

const isHere = (address: string) => /^(.*)@(localhost|host\.test)$/.exec(address)?.[1] ?? null;

function expand(file: string, name: string) {
  const { ends, problems } = expandAlias(parseAliases(file), name, isHere);
  return {
    addresses: ends.filter(({ isLocal }) => !isLocal).map(({ target }) => target),
    localNames: ends.filter(({ isLocal }) => isLocal).map(({ target }) => target),
    ways: ends.map(({ way }) => way.join(" → ")),
    problems: problems.map(({ line, text }) => `${line}: ${text}`),
  };
}

Deno.test("aliases: chains, lists, quotes, comments and continuation lines", () => {
  const file = [
    "# who gets what",
    "postmaster: root",
    "root:   adm,",
    "",
    "# a comment between continuation lines",
    "   ops@example.org",
    '"odd name": "quoted local"@example.org, plain@example.net',
    "adm: \\adm, ann@EXAMPLE.org, Ann@example.org",
  ].join("\n");
  assert.deepEqual(expand(file, "postmaster").addresses, [
    "ann@EXAMPLE.org",
    "Ann@example.org",
    "ops@example.org",
  ]);
  assert.deepEqual(expand(file, "odd name").addresses, [
    '"quoted local"@example.org',
    "plain@example.net",
  ]);
  assert.deepEqual(expand(file, "adm").localNames, ["adm"]);
});

Deno.test("aliases: names are looked up in any case, also of this machine's addresses", () => {
  assert.deepEqual(expand("Root: a@x.test\nall: ROOT@localhost, root@host.test", "ALL").addresses, [
    "a@x.test",
  ]);
});

Deno.test("aliases: the way that mail goes is told", () => {
  const { ways } = expand("root: adm\nadm: ops@x.test, b@y.test\n", "root");
  assert.deepEqual(ways, ["root → adm → ops@x.test", "root → adm → b@y.test"]);
});

Deno.test("aliases: a loop is found and told, and the mail stays with the local name", () => {
  const { addresses, localNames, problems } = expand("a: b, x@y.test\nb: c\nc: a\n", "a");
  assert.deepEqual(addresses, ["x@y.test"]);
  assert.deepEqual(localNames, ["a"]);
  assert.deepEqual(problems, ["3: a → b → c → a goes round in a loop"]);
  assert.deepEqual(expand("a: b, x@y.test\nb: c\nc: a\nd: C\n", "d").problems, [
    "2: a → b → c → a goes round in a loop",
  ], "the same one, from wherever it is come to");
});

Deno.test("aliases: a name that leads to itself too is local and no loop", () => {
  const { addresses, localNames, problems } = expand("root: root, ops@x.test\n", "root");
  assert.deepEqual([addresses, localNames, problems], [["ops@x.test"], ["root"], []]);
});

Deno.test("aliases: commands, files and lists are refused with their line", () => {
  const file =
    'a: b@x.test\nroot: |/usr/bin/prog, "|prog a, b", /var/mail/root, :include:/etc/list\n';
  const { problems } = parseAliases(file);
  assert.equal(problems.length, 4);
  assert.ok(problems.every(({ line }) => line === 2));
  assert.match(
    problems[0]?.text ?? "",
    /^root: "\|\/usr\/bin\/prog" is not used: mailq runs no commands/,
  );
  const expansion = expand(file, "root");
  assert.deepEqual(expansion.localNames, ["root"]);
  assert.equal(expansion.problems.length, 5, "also to whoever sends to this name");
  assert.match(expansion.problems[4] ?? "", /^2: root leads to nobody/);
  assert.deepEqual(expand(file, "a").problems, [], "but to nobody else");
});

Deno.test("aliases: * and default take every other local name", () => {
  assert.deepEqual(expand("root: a@x.test\n*: b@x.test", "www-data").addresses, ["b@x.test"]);
  assert.deepEqual(expand("default: b@x.test", "www-data").addresses, ["b@x.test"]);
  assert.deepEqual(expand("root: a@x.test\n*: b@x.test", "root").addresses, ["a@x.test"]);
});

Deno.test("aliases: what is no entry and what is written twice are told", () => {
  const { problems, entries } = parseAliases("no colon here\nroot: a@x.test\nROOT: b@x.test\n");
  assert.deepEqual(problems.map(({ line }) => line), [1, 3]);
  assert.deepEqual(entries.get("root")?.targets.map(({ text }) => text), ["a@x.test"]);
});

Deno.test("aliases: a file that branches without end stops", () => {
  const lines = Array.from(
    { length: 40 },
    (_, n) => `n${n}: n${n + 1}, m${n + 1}\nm${n}: n${n + 1}, m${n + 1}`,
  );
  const { problems } = expand(lines.join("\n"), "n0");
  assert.match(problems.join(), /more than 10000 names/);
});

Deno.test("aliases: what is no address, no name or no whole quote is told", () => {
  const { problems, entries } = parseAliases(
    'a: ops@, b c@x.test, x@y.test\nb: "open\nc: ann@x.test # who knows him\n',
  );
  assert.deepEqual(problems.map(({ line, text }) => `${line}: ${text}`), [
    '1: a: "ops@" is not used: it is no address',
    '1: a: "b c@x.test" is not used: it is no address',
    '2: Cannot read "b: \\"open": expected NAME: TARGET, …',
  ]);
  assert.deepEqual(entries.get("a")?.targets.map(({ text }) => text), ["x@y.test"]);
  assert.deepEqual(entries.get("c")?.targets.map(({ text }) => text), ["ann@x.test"]);
});
