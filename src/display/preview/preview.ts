// What a mail looks like once it has been taken apart for people, and what its reader and the
// thread say to each other. Taking apart is left to parse.ts and bare.ts, asking to previewer.ts;
// whoever shows a preview (`mailq show`, the screen) makes it safe for a terminal.

/** A mail as people read it. All of it is still raw text of a stranger's: whoever shows it makes
 *  it safe first (sanitise.ts). */
export interface Preview {
  /** Name and decoded value of each field, in their order, with doubles. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Its plain text; null where it has none. */
  readonly text: string | null;
  /** Text made from its HTML; null where it has none. */
  readonly html: string | null;
  readonly attachments: readonly PreviewAttachment[];
  /** Something was left out: there is more than the limits let through. */
  readonly isCut: boolean;
  /** Why the mail could not be taken apart; then `text` is all of it below the header. */
  readonly failure: string | null;
}

export interface PreviewAttachment {
  readonly name: string | null;
  /** Such as `image/png`. */
  readonly type: string;
  /** Decoded, of what was read. */
  readonly sizeBytes: number;
  /** It is the last one of a mail that goes on behind what was read, and may go on there. */
  readonly isCut: boolean;
}

export interface PreviewLimits {
  /** What of the mail is read. */
  readonly maxBytes: number;
  /** The longest text, in UTF-16 units. */
  readonly maxChars: number;
  readonly maxHeaders: number;
  readonly maxAttachments: number;
  /** Taking it apart is given up after so long. */
  readonly timeoutMs: number;
}

/** Asks for the bytes of one attachment. */
export interface AttachmentRequest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its place among the attachments of the preview. */
  readonly attachment: number;
}

/** What the thread is asked; see parse_thread.ts. */
export interface PreviewRequest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The mail goes on behind these bytes. */
  readonly isCut: boolean;
  readonly limits: PreviewLimits;
}
