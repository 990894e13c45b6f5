import { hashSync } from "bcryptjs";
import { Running } from "../e2e/support/running.ts";
import { Mailq } from "../support/mailq.ts";
import { CA_PATH } from "../support/tls_certificates.ts";

const TLS = new URL("../fixtures/tls/", import.meta.url).pathname;

/** The login that the listeners of ListeningService know. */
export const LOGIN = { user: "grafana", password: "s3cret pass" };

/** `mailq run` with a listener in clear and one with implicit TLS, for real programs. */
export class ListeningService implements AsyncDisposable {
  private constructor(readonly mailq: Mailq, readonly running: Running) {}

  static async start(): Promise<ListeningService> {
    const mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
    const users = `${mailq.folder}/users`;
    await Deno.writeTextFile(users, `${LOGIN.user}:${hashSync(LOGIN.password, 6)}\n`);
    await Deno.writeTextFile(
      `${mailq.folder}/mailq.toml`,
      `[listen]
smtp = ["127.0.0.1:0", "smtps://127.0.0.1:0", "${mailq.folder}/smtp"]
users = "${users}"
tls.cert = "${TLS}server.pem"
tls.key = "${TLS}key.pem"
`,
    );
    const running = await Running.service(mailq);
    await running.said(/listening on smtps:\S+[^]*listening on \//);
    return new ListeningService(mailq, running);
  }

  #port(pattern: RegExp): string {
    return pattern.exec(this.running.stderr)?.[1] ?? "";
  }

  /** Where it listens in clear; STARTTLS is on offer. */
  get port(): string {
    return this.#port(/listening on 127\.0\.0\.1:(\d+)/);
  }

  get tlsPort(): string {
    return this.#port(/listening on smtps:\/\/127\.0\.0\.1:(\d+)/);
  }

  get socket(): string {
    return `${this.mailq.folder}/smtp`;
  }

  get authority(): string {
    return CA_PATH;
  }

  /** What is in the queue: subject, and who submitted it, of each message. */
  async taken(): Promise<string[]> {
    const messages = await this.mailq.json(["list", "--limit", "0"]);
    return messages.map(({ subject, recipients_total: n, from }) => `${subject} ${from} ${n}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running[Symbol.asyncDispose]();
    await this.mailq[Symbol.asyncDispose]();
  }
}
