// What a provider sends back by the browser (RFC 6749 4.1.2): read from an address, or pasted. Called by
// the ways of logging in.

export interface Answer {
  readonly code: string | null;
  /** Null where only a code was pasted. */
  readonly state: string | null;
  /** What the provider says in place of a code. */
  readonly error: string | null;
}

/** Reads a whole address, its query, or a code alone. */
export function readAnswer(text: string): Answer {
  const given = text.trim();
  const query = /[?&]?(code|error)=/.test(given) ? given.replace(/^[^?]*\?/, "") : "";
  if (query === "") return { code: given === "" ? null : given, state: null, error: null };
  const fields = new URLSearchParams(query.replace(/#.*$/, ""));
  return { code: fields.get("code"), state: fields.get("state"), error: fields.get("error") };
}

/** Whether it answers what was asked. */
export function isRight({ code, state: given }: Answer, state: string, way: string): boolean {
  return code !== null && (given === state || way === "paste" && given === null);
}

export function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/[+/]/g, (c) => c === "+" ? "-" : "_")
    .replace(/=+$/, "");
}
