// The settings of [tui], the operator's screen. definitions.ts takes the table in; what keys and colours
// mean the screen reads itself, for it alone knows its commands (src/tui/own).

/** See SETTINGS. */
export const TUI_SETTINGS = {
  "tui.keys": {
    kind: "words",
    default: null,
    doc: "Own keys of the screen, such as retry=t or half_down=Ctrl-n; several in a list",
  },
  "tui.colours": {
    kind: "words",
    default: null,
    doc: "Colours of the screen in the place of others, such as red=magenta; several in a list",
  },
  "tui.mouse": {
    kind: "bool",
    default: true,
    doc: "Whether the screen takes clicks and the wheel; the terminal then marks text with Shift",
  },
} as const;
