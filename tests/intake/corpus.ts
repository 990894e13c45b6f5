const FOLDER = new URL("../fixtures/corpus/", import.meta.url);

/** What becomes of a nasty message: whom it goes to and from, or the code of its refusal. */
export type Expected =
  | { readonly recipients: readonly string[]; readonly sender: string }
  | { readonly error: string };

export interface CorpusMessage {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly expected: Expected;
}

/** The messages of tests/fixtures/corpus. */
export function readCorpus(): CorpusMessage[] {
  const table: Record<string, Expected> = JSON.parse(
    Deno.readTextFileSync(new URL("expected.json", FOLDER)),
  );
  return Object.entries(table).map(([name, expected]) => ({
    name,
    bytes: Deno.readFileSync(new URL(`${name}.eml`, FOLDER)),
    expected,
  }));
}
