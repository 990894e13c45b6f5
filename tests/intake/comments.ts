// For tests of addresses: whether an address stands in a text, be it around comments of RFC 5322.

/** Whether `text` holds `address` letter by letter, once comments are taken out one after another. */
export function standsIn(text: string, address: string): boolean {
  if (text.includes(address)) return true;
  const shorter = text.replace(/\((?:[^()\\]|\\.)*\)/, "");
  return shorter !== text && standsIn(shorter, address);
}
