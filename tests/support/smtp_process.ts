import type { ReceivedMessage } from "./smtp_server.ts";

/** The SMTP server as a process of its own, which writes each message to a file before it says
 *  250: what it accepted is known whoever was killed when. */
export class SmtpProcess implements AsyncDisposable {
  private constructor(
    readonly child: Deno.ChildProcess,
    readonly file: string,
    readonly port: number,
  ) {}

  static async start(file: string): Promise<SmtpProcess> {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-check",
        "--allow-all",
        new URL("smtp_server.ts", import.meta.url).pathname,
        file,
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    const port = Number(new TextDecoder().decode(value));
    if (!Number.isInteger(port)) throw new Error("the SMTP server told no port");
    return new SmtpProcess(child, file, port);
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** All it accepted so far. */
  async accepted(): Promise<ReceivedMessage[]> {
    const lines = (await Deno.readTextFile(this.file)).split("\n").filter((line) => line !== "");
    return lines.map((line) => {
      const { from, to, data, at } = JSON.parse(line);
      return { from, to, at, data: Uint8Array.from(atob(data), (char) => char.charCodeAt(0)) };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.child.status;
    await this.child.stdout.cancel();
  }
}
