// Puts the places in the source into a traceback of the binary: `deno task traceback < TEXT`. It
// knows those of the last build; a chunk's name tells by its hash whether it is of that.

import { SourceMap, type SourceMapping } from "node:module";

const MAPS = "dist/maps";
const PLACE = /\bfile:\/\/\/\S*?\/([\w.-]+\.js):(\d+):(\d+)/g;

const text = await new Response(Deno.stdin.readable).text();
const unknown = new Set<string>();
const maps = new Map<string, SourceMap | null>();
console.log(
  text.replace(PLACE, (place, chunk: string, line: string, column: string) => {
    const entry = mapOf(chunk)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !isFound(entry)) return place;
    const source = entry.originalSource.replace(/^(\.\.\/)+/, "");
    return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  }).trimEnd(),
);
for (const chunk of unknown) console.error(`${chunk} is not of the last build`);

function mapOf(chunk: string): SourceMap | null {
  const known = maps.get(chunk);
  if (known !== undefined) return known;
  let map: SourceMap | null = null;
  try {
    map = new SourceMap(JSON.parse(Deno.readTextFileSync(`${MAPS}/${chunk}.map`)));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    unknown.add(chunk);
  }
  maps.set(chunk, map);
  return map;
}

function isFound(entry: SourceMapping | object): entry is SourceMapping {
  return "originalSource" in entry;
}
