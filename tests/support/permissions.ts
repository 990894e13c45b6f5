/** The permissions mailq runs with: less would keep it from /dev/stdin and /dev/fd/N. */
export const PERMISSIONS: readonly string[] = ["--allow-all"];

/** The binary's V8 flags (.ci/compile.ts). */
export const HEAP_FLAGS =
  "--min-semi-space-size=4,--max-semi-space-size=4,--heap-growing-percent=200";
