/** What a provider was asked, and what it gave. */
interface Grant {
  readonly challenge: string | null;
  readonly redirect: string | null;
}

export interface ProviderOptions {
  /** How long access tokens last, in seconds. */
  readonly expiresIn?: number;
  /** What is told of how long refresh tokens last, in seconds. */
  readonly refreshExpiresIn?: number;
  /** How often a device is told to wait. */
  readonly pending?: number;
}

/** A provider of OAuth 2 on a port of this machine, which gives each refresh token's successor once: a
 *  token that is used twice ends the login, as RFC 9700 wants it. */
export class FakeProvider implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #codes = new Map<string, Grant>();
  readonly #refresh = new Set<string>();
  readonly #used = new Set<string>();
  readonly access = new Set<string>();
  /** The forms that came to the token endpoint. */
  readonly asked: Record<string, string>[] = [];
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  #count = 0;
  #pending: number;
  /** The user has taken the permission back. */
  isRevoked = false;
  /** It answers nothing but 503. */
  isDown = false;
  /** The login was ended since a token was used twice. */
  isReused = false;

  constructor(readonly options: ProviderOptions = {}) {
    this.#pending = options.pending ?? 0;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** The variables and settings of a relay that logs in by it. */
  settings(relayPort: number): string {
    return `[relay.default]
url = "smtp://me@127.0.0.1:${relayPort}"
oauth.client_id = "client"
oauth.authorize_url = "${this.url}/authorize"
oauth.token_url = "${this.url}/token"
oauth.device_url = "${this.url}/device"
oauth.scope = "mail"
`;
  }

  /** A refresh token, as of a login that was made before. */
  refreshToken(): string {
    const token = this.#issue("refresh");
    this.#refresh.add(token);
    return token;
  }

  /** Resolves once refresh tokens were used so often. */
  renewed(count: number): Promise<void> {
    if (this.renewals >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  /** How often a refresh token was used. */
  get renewals(): number {
    return this.asked.filter(({ grant_type }) => grant_type === "refresh_token").length;
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (this.isDown) return new Response("down", { status: 503 });
    if (url.pathname === "/authorize") return this.#authorize(url);
    const form = Object.fromEntries((await request.formData()).entries());
    const fields = Object.fromEntries(
      Object.entries(form).map(([key, value]) => [key, String(value)]),
    );
    if (url.pathname === "/device") {
      const port = this.#server.addr.port;
      return Response.json({
        device_code: this.#issue("device"),
        user_code: "ABCD-EFGH",
        verification_uri: `http://127.0.0.1:${port}/type`,
        expires_in: 900,
        interval: 1,
      });
    }
    this.asked.push(fields);
    for (const { count, resolve } of this.#waiting) if (this.renewals >= count) resolve();
    return this.#tokens(fields);
  }

  /** As if the person had agreed at once. */
  #authorize(url: URL): Response {
    const read = (key: string) => url.searchParams.get(key);
    const redirect = new URL(read("redirect_uri") ?? "");
    const code = this.#issue("code");
    this.#codes.set(code, { challenge: read("code_challenge"), redirect: redirect.href });
    redirect.searchParams.set("code", code);
    redirect.searchParams.set("state", read("state") ?? "");
    return Response.redirect(redirect.href, 302);
  }

  async #tokens(fields: Record<string, string>): Promise<Response> {
    const { grant_type, code = "", code_verifier = "", redirect_uri, refresh_token = "" } = fields;
    if (fields.client_id !== "client") return refused("invalid_client");
    if (grant_type === "authorization_code") {
      const grant = this.#codes.get(code);
      this.#codes.delete(code);
      if (grant?.challenge !== await challengeOf(code_verifier)) return refused("invalid_grant");
      if (grant.redirect !== redirect_uri) return refused("invalid_grant");
      return this.#give();
    }
    if (grant_type === "refresh_token") {
      if (this.#used.has(refresh_token)) this.isReused = true;
      if (this.isRevoked || this.isReused || !this.#refresh.delete(refresh_token)) {
        return refused("invalid_grant", `Token ${refresh_token} has been revoked`);
      }
      this.#used.add(refresh_token);
      return this.#give();
    }
    if (this.#pending-- > 0) return refused("authorization_pending");
    return this.#give();
  }

  #give(): Response {
    const access = this.#issue("access");
    const refresh = this.#issue("refresh");
    this.access.add(access);
    this.#refresh.add(refresh);
    const { expiresIn = 3_600, refreshExpiresIn } = this.options;
    return Response.json({
      token_type: "Bearer",
      access_token: access,
      refresh_token: refresh,
      expires_in: expiresIn,
      refresh_token_expires_in: refreshExpiresIn,
    });
  }

  #issue(kind: string): string {
    return `secret-${kind}-${++this.#count}-${crypto.randomUUID()}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function refused(error: string, error_description?: string): Response {
  return Response.json({ error, error_description }, { status: 400 });
}

async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
    .replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
