// The check "SPF": which servers the domain of our sender says may send for it (RFC 7208). For information
// alone: by which address the relay sends on, only its operator knows.

import { type Check, ok } from "../check.ts";

interface Facts {
  readonly domain: string;
  /** The records that were found; null where they could not be looked up. */
  readonly records: readonly string[] | null;
}

const LIMIT_MS = 3_000;

export const check: Check<Facts | null> = {
  async gather({ settings }) {
    const sender = settings.forceFrom ?? settings.from;
    const domain = sender?.slice(sender.lastIndexOf("@") + 1) ?? settings.hostname;
    // Names that no DNS knows (RFC 6761, RFC 6762).
    if (!domain.includes(".") || /\.(test|example|invalid|localhost|local)$/.test(domain)) {
      return null;
    }
    try {
      const found = await Deno.resolveDns(domain, "TXT", { signal: AbortSignal.timeout(LIMIT_MS) });
      const texts = found.map((parts) => parts.join(""));
      return { domain, records: texts.filter((text) => /^v=spf1( |$)/i.test(text)) };
    } catch (error) {
      return { domain, records: error instanceof Deno.errors.NotFound ? [] : null };
    }
  },
  judge(facts) {
    if (facts === null) return [];
    const { domain, records } = facts;
    if (records === null) return [ok(`of ${domain}: cannot be looked up now`)];
    if (records.length === 0) return [ok(`${domain} has none; some receivers want one`)];
    return [ok(`${domain}: ${records.join("; ")}`)];
  },
};
