// This program's version, beside deno.json's. Printed by print_version.ts, and held to deno.json by
// tests/architecture_test.ts.

/** This program's version; deno.json has the same. */
export const VERSION = "0.1.0";
