import { bytesOf, textOf } from "../intake/intake_options.ts";

/** A throwaway folder for what a transport under test needs and leaves behind. */
export class WayOut implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(): Promise<WayOut> {
    return new WayOut(await Deno.makeTempDir({ prefix: "mailq-test-" }));
  }

  /** Writes an executable shell script, which finds the folder in $HERE; returns its path. */
  async script(name: string, body: string): Promise<string> {
    const path = `${this.path}/${name}`;
    const text = `#!/bin/sh\nHERE='${this.path}'\n${body}\n`;
    await Deno.writeTextFile(path, text, { mode: 0o755 });
    return path;
  }

  read(name: string): string {
    return textOf(Deno.readFileSync(`${this.path}/${name}`));
  }

  /** The names in a folder, sorted; none if it is not there. */
  names(folder: string): string[] {
    try {
      return [...Deno.readDirSync(`${this.path}/${folder}`)].map(({ name }) => name).sort();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** The message in a text that a transport wrote with LF line ends and `fields` lines above. */
export function messageBelow(fields: number, text: string): Uint8Array {
  return bytesOf(text.split("\n").slice(fields).join("\r\n"));
}
