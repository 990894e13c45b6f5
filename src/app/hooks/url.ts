// Tells a hook's URL, as Standard Webhooks has it (github.com/standard-webhooks, specification 1.0):
// a POST of JSON with webhook-id, webhook-timestamp and webhook-signature. Called by deliver.ts.

import { trustSystemAuthorities } from "../../system/authorities.ts";
import type { Batch, DeliveryTools, Refused } from "./batch.ts";

/** So much of an answer that says no is kept. */
const SHOWN_CHARS = 300;
/** Who asks for more patience than this is asked again all the same. */
const LONGEST_RETRY_AFTER_MS = 24 * 60 * 60_000;

/** Posts one event as an object, or, where `batch` allows for more than one, a list of them. The hook has
 *  them once it answers 2xx; a redirect is no answer. Rejects where nothing answers. */
export async function deliverToUrl(
  { url, secretFile, batch, timeoutMs }: {
    readonly url: string;
    readonly secretFile: string | null;
    readonly batch: number;
    readonly timeoutMs: number;
  },
  { id, events }: Batch,
  { clock, wait }: DeliveryTools,
  signal: AbortSignal,
): Promise<Refused> {
  trustSystemAuthorities();
  const body = JSON.stringify(batch === 1 ? events[0] : events);
  const timestamp = String(Math.floor(clock.now() / 1000));
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "user-agent": "mailq",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
  };
  if (secretFile !== null) {
    const secrets = readSecrets(secretFile, Deno.readTextFileSync(secretFile));
    headers["webhook-signature"] = await sign(secrets, `${id}.${timestamp}.${body}`);
  }
  const over = new AbortController();
  const done = new AbortController();
  const limit = wait(timeoutMs, done.signal).then(() => over.abort());
  try {
    const response = await fetch(url, {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      signal: AbortSignal.any([over.signal, signal]),
    });
    if (response.ok) {
      await response.body?.cancel();
      return null;
    }
    const text = (await beginningOf(response.body)).trim();
    const { status, statusText } = response;
    return {
      error: [`it answered ${status}`, statusText, text].filter((part) => part !== "").join(" "),
      retryAfterMs: readRetryAfter(response.headers.get("retry-after"), clock.now()),
    };
  } catch (error) {
    if (signal.aborted) return { error: "it was stopped, and is told again", retryAfterMs: null };
    if (!over.signal.aborted) throw error;
    const error_ = `it gave no answer within ${timeoutMs / 1000} seconds`;
    return { error: error_, retryAfterMs: null };
  } finally {
    done.abort();
    await limit;
  }
}

async function beginningOf(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (body === null) return "";
  let text = "";
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (text.length >= SHOWN_CHARS) break;
  }
  return text.slice(0, SHOWN_CHARS);
}

/** The keys of a file, a line each: while one takes the other's place both sign. Throws what is wrong,
 *  without the secret. */
function readSecrets(path: string, text: string): Uint8Array<ArrayBuffer>[] {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  if (lines.length === 0) throw new Error(`the secret_file ${path} is empty`);
  return lines.map((line) => {
    try {
      const bytes = Uint8Array.from(atob(line.replace(/^whsec_/, "")), (c) => c.charCodeAt(0));
      if (bytes.length > 0) return bytes;
    } catch {
      // Told below.
    }
    throw new Error(`a line of the secret_file ${path} is no secret: expected whsec_ and base64`);
  });
}

/** The signatures of all keys, version 1 (HMAC-SHA256). */
async function sign(keys: readonly Uint8Array<ArrayBuffer>[], text: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const signatures = keys.map(async (bytes) => {
    const key = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign"]);
    const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text));
    return `v1,${btoa(String.fromCharCode(...new Uint8Array(signature)))}`;
  });
  return (await Promise.all(signatures)).join(" ");
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function readRetryAfter(text: string | null, now: number): number | null {
  if (text === null) return null;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return ms > 0 ? Math.round(Math.min(ms, LONGEST_RETRY_AFTER_MS)) : null;
}
