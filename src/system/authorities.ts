// Which authorities TLS trusts where no file of them is named. Called before the first connection
// under TLS; what a certificate must say is judged by who connects.

const STORES = "DENO_TLS_CA_STORE";

/** Has TLS in this process trust the system's authorities (or those of SSL_CERT_FILE) beside
 *  Mozilla's, unless the environment chooses itself. The runtime reads it once, at the first
 *  connection under TLS; left alone it trusts Mozilla's only. */
export function trustSystemAuthorities(): void {
  if (!Deno.env.get(STORES)) Deno.env.set(STORES, "system,mozilla");
}
