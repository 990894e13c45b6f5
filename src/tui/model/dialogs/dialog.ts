// What can be open over the screen: boxes, and the line that is typed into. One at a time stands in the
// state; the other files here do what their keys say.

import type { MessageDetail } from "../../../queue/message.ts";
import type { QueueChange } from "../../data/changes.ts";
import type { Verb } from "../../data/data.ts";
import type { TextInput } from "../../keys/text_input.ts";
import type { Target } from "../acting/target.ts";

export type PromptKind =
  | "filter"
  | "find"
  | "pipe"
  | "save"
  | "open"
  | "view_filter"
  | "pause"
  | "suppress"
  | "import"
  | "purge"
  | "export";

export type Dialog =
  | {
    readonly kind: "confirm";
    readonly verb: Verb;
    readonly target: Target;
    readonly typed: string;
  }
  | {
    readonly kind: "prompt";
    readonly prompt: PromptKind;
    readonly input: TextInput;
    /** What the word may become that Tab did not complete. */
    readonly choices: readonly string[];
    /** How far back in what was typed before; 0 = the line that is being typed. */
    readonly back: number;
    readonly draft: string;
    /** The attachment that is to be saved or opened. */
    readonly place: number;
  }
  | { readonly kind: "palette"; readonly input: TextInput; readonly chosen: number }
  | {
    readonly kind: "help";
    readonly scroll: number;
    /** Only what holds this is shown. */
    readonly query: TextInput;
    readonly isTyping: boolean;
  }
  /** The attachments of the message that is shown. */
  | { readonly kind: "attachments"; readonly chosen: number }
  | {
    readonly kind: "copy";
    readonly choices: readonly {
      readonly key: string;
      readonly what: string;
      readonly text: string;
    }[];
  }
  /** Whether to do something else than an action on messages. */
  | { readonly kind: "sure"; readonly text: string; readonly effect: SureEffect }
  /** Whether to leave while an action is under way. */
  | { readonly kind: "leaving" }
  | {
    readonly kind: "form";
    readonly message: MessageDetail;
    readonly sender: TextInput;
    readonly recipients: TextInput;
    readonly field: "sender" | "recipients";
    /** The form is filled in, and waits for its y. */
    readonly isAsking: boolean;
  };

/** What is asked about with no more than yes and no. */
type SureEffect =
  | { readonly kind: "change"; readonly change: QueueChange }
  | { readonly kind: "run"; readonly args: readonly string[] };
