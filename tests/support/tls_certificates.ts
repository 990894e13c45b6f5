import type { RelayTls } from "../../src/transport/smtp/session/session_opener.ts";

/** What a TLS server shows and proves, as PEM. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
  readonly maxVersion?: "TLSv1.2";
}

const FOLDER = new URL("../fixtures/tls/", import.meta.url).pathname;

/** The authority that signed all but the self-signed one, as a path and as PEM. */
export const CA_PATH = `${FOLDER}ca.pem`;
export const CA = Deno.readTextFileSync(CA_PATH);

/** A certificate for localhost, relay.test, 127.0.0.1 and ::1, valid until 2125; the others differ
 *  from it as their names say. */
export const SERVER = certificate("server");
export const NO_NAMES = certificate("no_names");
export const WRONG_NAME = certificate("wrong_name");
export const EXPIRED = certificate("expired");
export const SELF_SIGNED = certificate("self_signed");

function certificate(name: string): ServerCertificate {
  const read = (file: string) => Deno.readTextFileSync(`${FOLDER}${file}.pem`);
  return { cert: read(name), key: read("key") };
}

/** The SHA-256 of a certificate, `AB:CD:…`. */
export async function fingerprintOf({ cert }: ServerCertificate): Promise<string> {
  const der = Uint8Array.from(
    atob(cert.replace(/-----[^-]+-----|\s/g, "")),
    (c) => c.charCodeAt(0),
  );
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", der));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(":");
}

/** TLS that is a must and trusts the tests' authority, with changes. */
export function tlsWith(more: Partial<RelayTls> = {}): RelayTls {
  return { mode: "required", isImplicit: false, ca: CA, fingerprint: null, ...more };
}
