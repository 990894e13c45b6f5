// Ink, drawing frames for us alone: each comes back as text, and what of it goes to the terminal is
// frame_writer.ts's work. Called by session.tsx. What the components are is screens/'s.

import { EventEmitter } from "node:events";
import { type Instance, render } from "ink";
import type { ReactNode } from "react";
import type { Size } from "../model/state.ts";

/** Draws one tree of components again and again. */
export class InkFrames {
  #ink: Instance | null = null;
  #stream = inkStream(0, () => {});
  #frame = "";

  /** `onError` is told what a component throws. */
  constructor(readonly onError: (error: unknown) => void) {}

  /** The frame that Ink makes of `screen`: its rows, with LF between them. */
  draw(screen: ReactNode, { columns }: Size): string {
    if (this.#ink === null) this.#ink = this.#begin(screen, columns);
    else {
      this.#stream.columns = columns;
      this.#ink.rerender(screen);
    }
    return this.#frame;
  }

  close(): void {
    this.#ink?.unmount();
  }

  #begin(screen: ReactNode, columns: number): Instance {
    this.#stream = inkStream(columns, (frame) => this.#frame = frame);
    // Ink asks no more of a stream than this one has.
    const stream = this.#stream as unknown as NodeJS.WriteStream;
    const ink = render(screen, {
      stdout: stream,
      stderr: stream,
      stdin: this.#stream as unknown as NodeJS.ReadStream,
      // Each frame whole, at once, and nothing else. And CI=true says nothing about a terminal.
      debug: true,
      interactive: true,
      exitOnCtrlC: false,
      patchConsole: false,
    });
    ink.waitUntilExit().catch(this.onError);
    return ink;
  }
}

interface InkStream extends EventEmitter {
  columns: number;
}

/** A stream for Ink to write its frames to. */
function inkStream(columns: number, show: (frame: string) => void): InkStream {
  return Object.assign(new EventEmitter(), {
    columns,
    rows: 1_000,
    isTTY: true,
    writable: true,
    write(frame: string) {
      show(frame);
      return true;
    },
  });
}
