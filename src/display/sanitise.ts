// Makes text of a mail or a relay safe for a terminal. Called by everything that shows such text:
// tables, the screen, complaints. How wide the safe text is, width.ts knows.

/** How much of a text is shown: one line, or a text whose line ends stay. */
type LineMode = "one_line" | "multi_line";

const REPLACEMENT = "\u{fffd}";
const TAB = "    ";

// What a terminal would obey, hide or reorder: controls, format characters (bidi, zero-width,
// tags), everything else that Unicode wants drawn as nothing, line separators, and code points
// that are no characters.
const UNSAFE =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu;

// A variation selector where it has a meaning: one, after an emoji, an ideograph or in a keycap.
const SELECTORS = String.raw`[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]`;
const PLAIN_SELECTOR = new RegExp(
  String.raw`(?<=[\p{Ideographic}\p{Extended_Pictographic}\p{Emoji_Modifier}])${SELECTORS}` +
    String.raw`(?!${SELECTORS})|(?<=[\d#*])\ufe0f(?=\u20e3)`,
  "gu",
);
// The joiner between two pictures of one emoji.
const PLAIN_JOINER =
  /(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}])\u200d(?=\p{Extended_Pictographic})/gu;

const MARKS_KEPT = 4;
const TOO_MANY_MARKS = new RegExp(String.raw`(\p{M}{${MARKS_KEPT}})\p{M}+`, "gu");
const LEADING_MARKS = /^\p{M}+/gmu;

/** Makes text of a mail or a relay safe for a terminal. C0 controls and DEL become their
 *  pictures (`␛`); C1, bidi, invisible and format characters, tags and unpaired surrogates become
 *  `�`, as do piled-up combining marks from the fifth on. The glue inside an emoji (joiners and
 *  selectors, on whose width terminals disagree) is left out; all other text stays. In
 *  `multi_line` mode line ends stay (CRLF as LF) and a tab is four blanks. */
export function sanitise(text: string, mode: LineMode = "one_line"): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  const isMultiLine = mode === "multi_line";
  const lines = isMultiLine ? text.replace(/\r\n/g, "\n").replaceAll("\t", TAB) : text;
  return lines
    .replace(PLAIN_SELECTOR, "")
    .replace(PLAIN_JOINER, "")
    .replace(UNSAFE, (char) => isMultiLine && char === "\n" ? char : picture(char))
    .replace(LEADING_MARKS, REPLACEMENT)
    .replace(TOO_MANY_MARKS, `$1${REPLACEMENT}`);
}

function picture(char: string): string {
  const code = char.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? "\u2421" : REPLACEMENT;
}
