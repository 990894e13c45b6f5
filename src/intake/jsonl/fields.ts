// The fields of a JSON object, each read as what it has to be, with complaints that name it. Called
// by line_message.ts and inputs.ts; which fields there are, they know.

import { MailqError } from "../../queue/errors.ts";
import { quoted } from "../address/address_syntax.ts";

/** The name that was probably meant, or null. */
export type Suggest = (name: string, candidates: readonly string[]) => string | null;

/** The fields of a JSON object, each read as what it has to be. What is absent or null reads as
 *  undefined. Throws `bad_message` that begins with the field's name. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;

  /** `where` goes before the names of the fields, such as `attachments[0].`. */
  constructor(value: unknown, readonly where: string, known: readonly string[], suggest: Suggest) {
    if (!isObject(value)) {
      const place = where === "" ? "" : `${where.slice(0, -1)}: `;
      throw new MailqError(
        "bad_message",
        `${place}Cannot use ${described(value)}: expected a JSON object`,
      );
    }
    this.#values = value;
    for (const name of Object.keys(value)) {
      if (known.includes(name)) continue;
      const meant = suggest(name, known);
      const right = meant === null
        ? `expected one of ${known.join(", ")}`
        : `did you mean ${meant}?`;
      throw new MailqError("bad_message", `${where}${quotedName(name)}: unknown field: ${right}`);
    }
  }

  has(name: string): boolean {
    return (this.#values[name] ?? undefined) !== undefined;
  }

  value(name: string): unknown {
    return this.#values[name] ?? undefined;
  }

  text(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === "string") return value;
    throw this.error(name, value, "a text");
  }

  truth(name: string): boolean | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === "boolean") return value;
    throw this.error(name, value, "true or false");
  }

  /** The values of a list, or the one that stands in its place. */
  list(name: string): readonly unknown[] {
    const value = this.value(name);
    return value === undefined ? [] : Array.isArray(value) ? value : [value];
  }

  texts(name: string): readonly string[] {
    return this.list(name).map((value) => {
      if (typeof value === "string") return value;
      throw this.error(name, value, "a text, or a list of texts");
    });
  }

  entries(name: string): readonly (readonly [string, unknown])[] {
    const value = this.value(name);
    if (value === undefined) return [];
    if (isObject(value)) return Object.entries(value);
    throw this.error(name, value, "an object");
  }

  error(name: string, value: unknown, expected: string): MailqError {
    return new MailqError(
      "bad_message",
      `${this.where}${name}: Cannot use ${described(value)}: expected ${expected}`,
    );
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value for an error: never the whole of a large one, nor the depths of a deep one. */
function described(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

function quotedName(name: string): string {
  return /^[\w-]{1,40}$/.test(name) ? name : quoted(name);
}
