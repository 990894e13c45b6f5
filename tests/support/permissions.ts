/** The permissions mailq runs with: no FFI. */
export const PERMISSIONS: readonly string[] = ["read", "write", "net", "env", "run", "sys"]
  .map((name) => `--allow-${name}`);

/** The binary's V8 flags (.ci/compile.ts). */
export const HEAP_FLAGS =
  "--min-semi-space-size=4,--max-semi-space-size=4,--heap-growing-percent=200";
