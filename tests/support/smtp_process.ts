import { endChild, Heard, startChild } from "./child.ts";
import type { ReceivedMessage } from "./smtp_server.ts";

/** The SMTP server as a process of its own, which writes each message to a file before it says
 *  250: what it accepted is known whoever was killed when. */
export class SmtpProcess implements AsyncDisposable {
  private constructor(
    readonly child: Deno.ChildProcess,
    readonly stdout: Heard,
    readonly file: string,
    readonly port: number,
  ) {}

  static async start(file: string): Promise<SmtpProcess> {
    const script = new URL("smtp_server.ts", import.meta.url).pathname;
    const flags = ["--quiet", "--no-check", "--allow-net", "--allow-write"];
    const child = startChild([Deno.execPath(), "run", ...flags, script, file], {
      stderr: "inherit",
    });
    const stdout = new Heard(child.stdout);
    const [port] = await stdout.said(/^\d+(?=\n)/);
    return new SmtpProcess(child, stdout, file, Number(port));
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
    await endChild(this.child);
    await this.stdout.end;
  }
}
