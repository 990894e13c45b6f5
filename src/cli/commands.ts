/** Every command, loaded when it is wanted: each module costs time at start. */
export const COMMANDS = {
  enqueue: () => import("./commands/enqueue.ts"),
  send: () => import("./commands/send.ts"),
  retry: () => import("./commands/retry.ts"),
  resend: () => import("./commands/resend.ts"),
  hold: () => import("./commands/hold.ts"),
  release: () => import("./commands/release.ts"),
  cancel: () => import("./commands/cancel.ts"),
  pause: () => import("./commands/pause.ts"),
  resume: () => import("./commands/resume.ts"),
  list: () => import("./commands/list.ts"),
  show: () => import("./commands/show.ts"),
  status: () => import("./commands/status.ts"),
  purge: () => import("./commands/purge.ts"),
  suppress: () => import("./commands/suppress.ts"),
  config: () => import("./commands/config.ts"),
} as const;

export type CommandName = keyof typeof COMMANDS;

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}
