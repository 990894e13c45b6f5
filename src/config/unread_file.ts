// A settings file that lies where an ordinary user's would be read, and is not: root's settings are
// those of the machine. Told by `config` and `doctor`.

import { lookAt } from "../system/files.ts";

/** Root's own settings file, which is never read; null where there is none, or another is named. */
export function unreadFile({ isRoot, configFile, env }: {
  readonly isRoot: boolean;
  readonly configFile: string | null;
  readonly env: Readonly<Record<string, string>>;
}): string | null {
  if (!isRoot || configFile !== null || env.MAILQ_CONFIG) return null;
  const folder = env.XDG_CONFIG_HOME || (env.HOME ? `${env.HOME}/.config` : null);
  const path = `${folder}/mailq/config.toml`;
  return folder !== null && lookAt(path)?.isFile ? path : null;
}
