// The pages of the manual: what stands in pages/*.md, with the parts that are made of the
// declarations of the commands and of the settings. `mailq man` and `mailq help TOPIC` print them.

import { type Definition, RELAY_KEYS, SETTINGS } from "../../config/definitions.ts";
import { RELAY_VARIABLES, variableName } from "../../config/variables.ts";
import { formatValue } from "../../config/kinds.ts";
import {
  argumentUsage,
  type DeclaredCommand,
  declaredCommands,
  optionTerm,
} from "../frame/declared.ts";
import { GLOBAL_OPTIONS } from "../frame/globals.ts";
import { VERSION } from "../frame/version.ts";
import { type Block, readAbout, readMarkdown, type Term } from "./document.ts";
import { EVENT_FIELDS, EVENT_TYPES } from "../../queue/event.ts";
import events from "./pages/mailq-events.md" with { type: "text" };
import mailq from "./pages/mailq.md" with { type: "text" };
import sendmail from "./pages/mailq-sendmail.md" with { type: "text" };
import toml from "./pages/mailq.toml.md" with { type: "text" };
import { type PlainOptions, toPlain } from "./plain.ts";
import { toRoff } from "./roff.ts";

/** A page of the manual. */
interface Page {
  readonly name: string;
  readonly section: number;
  readonly brief: string;
  readonly text: string;
}

export const PAGES: readonly Page[] = [
  { name: "mailq", section: 1, brief: "a mail queue in one file", text: mailq },
  {
    name: "mailq-sendmail",
    section: 8,
    brief: "take mail as sendmail(1) does, for every user of a machine",
    text: sendmail,
  },
  { name: "mailq.toml", section: 5, brief: "the settings of mailq", text: toml },
  { name: "mailq-events", section: 7, brief: "what happens in a queue, as JSON", text: events },
];

/** When the pages were last looked through. */
const DATE = "2026-11-30";

/** The page of that name, with or without its section: `mailq.toml`, `mailq.toml.5`, `mailq.toml(5)`. */
export function findPage(name: string): Page | null {
  const bare = name.replace(/(\.\d|\(\d\))$/, "");
  return PAGES.find((page) => page.name === bare) ?? null;
}

/** The page as man(1) reads it. */
export async function roffPage(page: Page): Promise<string> {
  return toRoff({ ...page, date: DATE, source: `mailq ${VERSION}` }, await blocksOf(page));
}

/** The page as text. */
export async function plainPage(page: Page, options: PlainOptions): Promise<string> {
  const { name, section, brief } = page;
  return toPlain(`${name}(${section}): ${brief}`, await blocksOf(page), options);
}

async function blocksOf({ text }: Page): Promise<Block[]> {
  return readMarkdown(text, {
    commands: (await declaredCommands()).flatMap(commandBlocks),
    options: [terms(GLOBAL_OPTIONS.map(([option, meaning]) => ({ term: option.trim(), meaning })))],
    settings: [terms(Object.entries(SETTINGS).map(settingTerm))],
    types: [
      terms(
        Object.entries(EVENT_TYPES).map(([type, { brief, fields }]) => ({
          term: type,
          meaning: fields.length === 0
            ? `${brief}.`
            : `${brief}. Holds \`${fields.join("`, `")}\`.`,
        })),
      ),
    ],
    fields: [
      terms(Object.entries(EVENT_FIELDS).map(([field, meaning]) => ({ term: field, meaning }))),
    ],
    relays: [terms(Object.entries(RELAY_KEYS).map(relayTerm))],
  });
}

function commandBlocks(command: DeclaredCommand): Block[] {
  const { words, about, options, args, commands } = command;
  const usage = [
    `mailq ${words.join(" ")}`,
    ...options.length > 0 ? ["[OPTIONS]"] : [],
    ...args.map(argumentUsage),
  ].join(" ");
  const said = options.map((option): Term => ({
    term: optionTerm(option),
    meaning: option.values === null ? option.brief : `${option.values.join(", ")}: ${option.brief}`,
  }));
  return [
    { kind: "heading", level: 3, text: usage },
    ...readAbout(about),
    ...said.length > 0 ? [terms(said)] : [],
    ...commands.flatMap(commandBlocks),
  ];
}

function terms(rows: readonly Term[]): Block {
  return { kind: "terms", rows };
}

function settingTerm([name, definition]: [string, Definition]): Term {
  return {
    term: `${name} = ${defaultOf(definition)}`,
    meaning: meaningOf(definition, variableName(name)),
  };
}

function relayTerm([key, definition]: [string, Definition]): Term {
  const variable = Object.keys(RELAY_VARIABLES).find((one) => RELAY_VARIABLES[one] === key);
  return { term: key, meaning: meaningOf(definition, variable ?? null) };
}

function meaningOf({ doc, choices }: Definition, variable: string | null): string {
  const isListed = choices === undefined || choices.every((choice) => doc.includes(choice));
  const said = isListed ? doc : `${doc} (${choices.join(", ")})`;
  return variable === null ? `${said}.` : `${said}. \`$${variable}\``;
}

function defaultOf({ default: value, kind }: Definition): string {
  return value === null ? "none" : formatValue(value, kind);
}
