/** The permissions mailq runs with: no FFI. */
export const PERMISSIONS: readonly string[] = ["read", "write", "net", "env", "run", "sys"]
  .map((name) => `--allow-${name}`);
