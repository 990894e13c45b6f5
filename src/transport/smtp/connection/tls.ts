// TLS in words: what is asked of it, what it turned out to be, and why a certificate is not
// trusted, so that a reader knows what to do. Both kinds of wire begin TLS themselves and come here
// for the words.

import type { ShownCertificate } from "../../../queue/ports/transport.ts";
import { ConnectionBroken } from "./broken.ts";

/** What TLS on one connection is to be. */
export interface TlsRequest {
  /** The relay's name or address: sent as SNI where it is a name, and looked for in the
   *  certificate. */
  readonly host: string;
  /** Whether a certificate that cannot be verified ends the connection. */
  readonly mustVerify: boolean;
  /** The authorities to trust in place of the system's, as PEM. */
  readonly ca: string | null;
  /** The SHA-256 fingerprint of the one certificate to trust, as `pinOf` gives it. */
  readonly pin: string | null;
}

/** What TLS on one connection is. */
export interface TlsFacts {
  /** Such as `TLSv1.3`, or `TLS` where the runtime does not tell. */
  readonly version: string;
  /** Whether the certificate was found to be the relay's. */
  readonly isVerified: boolean;
  /** Why it was not. */
  readonly doubt: string | null;
  /** Null where the server showed none, or the runtime does not tell it. */
  readonly certificate: CertificateFacts | null;
}

/** What a certificate says, as far as refusing it needs. */
export interface CertificateFacts extends ShownCertificate {
  readonly fingerprint: string;
}

/** A fingerprint as 64 hex digits in capitals, however it was written. */
export function pinOf(fingerprint: string): string {
  return fingerprint.replace(/^sha256:/i, "").replaceAll(":", "").toUpperCase();
}

/** How a report names the TLS in use. */
export function tlsLabel(facts: TlsFacts): string {
  return facts.isVerified ? facts.version : `${facts.version} (unverified)`;
}

/** The reason that OpenSSL has no name for: a certificate without subjectAltName. */
export const NO_NAMES = "NO_NAMES";
const NAMELESS = "the certificate names no host (it has no subjectAltName; a common name alone " +
  "counts no more): have the relay's renewed";

/** Why a certificate was not found to be the relay's, in one line that says what to do. `code` is
 *  OpenSSL's name of the reason, or `NO_NAMES`. */
export function explainDoubt(
  code: string,
  certificate: CertificateFacts | null,
  host: string,
  now: number,
): string {
  const pin = "tls.fingerprint to its SHA-256";
  const isOfAnother = code === "ERR_TLS_CERT_ALTNAME_INVALID";
  if (code === NO_NAMES || isOfAnother && certificate?.names === "") {
    return `${NAMELESS}, or set ${pin}`;
  }
  if (isOfAnother) {
    return `the certificate is for ${namesOf(certificate)}, not for ${host}: ` +
      `use a name it is for in the relay's URL, or set ${pin}`;
  }
  if (certificate !== null && certificate.validTo < now) {
    return `the certificate has expired (${dayOf(certificate.validTo)}): ` +
      `have the relay's renewed, or set ${pin}`;
  }
  if (certificate !== null && certificate.validFrom > now) {
    return `the certificate is not valid before ${dayOf(certificate.validFrom)}: ` +
      `see that the clocks are right, or set ${pin}`;
  }
  if (code === "DEPTH_ZERO_SELF_SIGNED_CERT") {
    return `the certificate is self-signed: set tls.ca to a file that holds it, or ${pin}`;
  }
  return "the certificate is signed by an authority that is not trusted here: " +
    `set tls.ca to a file with the authority's certificate, or ${pin} (${code})`;
}

/** The same where Deno's own TLS refused it; `doubt` is what it says after "invalid peer
 *  certificate". */
export function explainPeerDoubt({ doubt, host }: {
  readonly doubt: string;
  readonly host: string;
}): string {
  const ca = "set tls.ca to a file with the authority's certificate";
  const dayIn = (seconds: string | undefined) => dayOf(Number(seconds) * 1_000);
  if (/not ?valid ?for ?name/i.test(doubt)) {
    const names = [...doubt.matchAll(/(?:DnsName|IpAddress)\((?:"([^"]*)"|([^)]*))\)/g)]
      .map(([, name, address]) => name ?? address);
    if (/for any names|presented: \[\]/.test(doubt)) return NAMELESS;
    return `the certificate is for ${names.join(", ") || "another host"}, not for ${host}: ` +
      "use a name it is for in the relay's URL";
  }
  if (/expired/i.test(doubt)) {
    const [, end] = /not valid after (\d+)/.exec(doubt) ?? [];
    return `the certificate has expired (${dayIn(end)}): have the relay's renewed`;
  }
  if (/not ?valid ?yet/i.test(doubt)) {
    const [, start] = /not valid before (\d+)/.exec(doubt) ?? [];
    return `the certificate is not valid before ${dayIn(start)}: see that the clocks are right`;
  }
  if (/UnknownIssuer/.test(doubt)) {
    return "the certificate is self-signed, or signed by an authority that is not trusted here: " +
      `${ca} (${doubt})`;
  }
  return `the certificate cannot be verified (${doubt}): ${ca}, or have the relay's mended`;
}

/** The end of a connection whose certificate is not the pinned one. */
export function pinMismatch(found: string | null): ConnectionBroken {
  return new ConnectionBroken(
    "certificate",
    found === null
      ? "the certificate cannot be compared with tls.fingerprint: this program is built with a " +
        "Deno older than 2.9; use tls.ca in its place"
      : `the certificate is not the one in tls.fingerprint: its SHA-256 is ${found}; ` +
        "set that if you trust it",
  );
}

function namesOf(certificate: CertificateFacts | null): string {
  const names = certificate?.names.replaceAll(/\b(DNS|IP Address):/g, "") ?? "";
  return names === "" ? "another host" : names;
}

function dayOf(time: number): string {
  return Number.isFinite(time) ? new Date(time).toISOString().slice(0, 10) : "at an unknown time";
}
