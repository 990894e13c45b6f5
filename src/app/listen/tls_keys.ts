// The certificate of the listeners: read when it is wanted, and anew when its files have changed, so
// that one that was renewed is used without a word to the service.

import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import type { TlsFiles } from "../../config/tables/listen.ts";
import { errorText, MailqError } from "../../queue/errors.ts";

/** A certificate and its key, in files. */
export class TlsKeys {
  #context: SecureContext;
  #stamp: string;

  private constructor(readonly files: TlsFiles) {
    this.#stamp = stampOf(files);
    this.#context = readContext(files);
  }

  /** Throws `config_invalid` for files that cannot be used. */
  static read(files: TlsFiles): TlsKeys {
    return new TlsKeys(files);
  }

  /** What connections are secured with. While the files are being replaced it stays as it was; `warn`
   *  is told, once for each change. */
  context(warn: (text: string) => void): SecureContext {
    try {
      const stamp = stampOf(this.files);
      if (stamp === this.#stamp) return this.#context;
      this.#stamp = stamp;
      this.#context = readContext(this.files);
    } catch (error) {
      warn(`the certificate stays as it was: ${errorText(error)}`);
    }
    return this.#context;
  }
}

function stampOf({ cert, key }: TlsFiles): string {
  return [cert, key].map((path) => {
    try {
      const { mtime, ino } = Deno.statSync(path);
      return `${ino} ${mtime?.getTime()}`;
    } catch {
      return "gone";
    }
  }).join(", ");
}

function readContext({ cert, key }: TlsFiles): SecureContext {
  const pems = {
    cert: readPem("listen.tls.cert", cert, "CERTIFICATE"),
    key: readPem("listen.tls.key", key, "PRIVATE KEY"),
  };
  try {
    // Otherwise each handshake would fail, and nobody would know why.
    if (!new X509Certificate(pems.cert).checkPrivateKey(createPrivateKey(pems.key))) {
      throw new Error("the key is another certificate's");
    }
    return createSecureContext({ ...pems, minVersion: "TLSv1.2" });
  } catch (error) {
    throw new MailqError(
      "config_invalid",
      `Cannot use the certificate ${cert} with the key ${key}: ${errorText(error)}; ` +
        "expected a chain of certificates and its key, both PEM",
      { cause: error },
    );
  }
}

function readPem(setting: string, path: string, what: string): string {
  try {
    const text = Deno.readTextFileSync(path);
    if (new RegExp(`^-----BEGIN (?:[A-Z]+ )?${what}-----`, "m").test(text)) return text;
    throw new Error(`expected PEM, with a line -----BEGIN ${what}-----`);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : error instanceof Deno.errors.PermissionDenied
      ? "permission denied"
      : errorText(error);
    throw new MailqError("config_invalid", `Cannot use ${setting} = "${path}": ${reason}`, {
      cause: error,
    });
  }
}
