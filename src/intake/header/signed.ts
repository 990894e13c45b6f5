// Whether a message is signed, so that every byte of it has to stay, and reads single fields that
// intake does not know by name. Loaded with what would change a message: mend.ts and long_lines.ts.

import { type Field, fieldText, type Header, spells } from "./headers.ts";

/** The fields of signatures over header or text: DKIM's, ARC's and the older DomainKeys'. */
const SIGNATURES = [
  "dkim-signature",
  "arc-message-signature",
  "arc-seal",
  "domainkey-signature",
] as const;

/** Whether a signature may cover what intake could change: DKIM, ARC, S/MIME or PGP/MIME. */
export function isSigned(bytes: Uint8Array, header: Header): boolean {
  const isSignature = (field: Field) =>
    SIGNATURES.some((name) => spells(bytes, field.start, field.nameEnd, name));
  const isSignedType = (field: Field) =>
    spells(bytes, field.start, field.nameEnd, "content-type") &&
    /^(?:multipart\/(?:signed|encrypted)|application\/(?:x-)?pkcs7-)/i.test(
      withoutComments(fieldText(bytes, field, MAX_TYPE_BYTES)),
    );
  return header.fields.some((field) => isSignature(field) || isSignedType(field));
}

const MAX_TYPE_BYTES = 1_024;

/** The first field of this name, given in small letters; null if there is none. */
export function fieldNamed(
  bytes: Uint8Array,
  header: Header,
  name: string,
): { readonly field: Field; readonly text: string } | null {
  const field = header.fields.find(({ start, nameEnd }) => spells(bytes, start, nameEnd, name));
  if (field === undefined) return null;
  return { field, text: withoutComments(fieldText(bytes, field, MAX_TYPE_BYTES)) };
}

/** The text of the only field of this name; null if there is none, and empty if there are several,
 *  which readers understand differently. */
export function onlyFieldNamed(bytes: Uint8Array, header: Header, name: string): string | null {
  const fields = header.fields.filter(({ start, nameEnd }) => spells(bytes, start, nameEnd, name));
  return fields.length > 1 ? "" : fieldNamed(bytes, header, name)?.text ?? null;
}

/** A structured value without the comments that stand in front of and behind it. */
function withoutComments(text: string): string {
  return text.replace(/^(?:\s|\([^()]*\))+|(?:\s|\([^()]*\))+$/g, "");
}
