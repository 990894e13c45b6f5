// Where a relay listens. Made by `relay.ts` of its options; the session opener connects to it, and
// the hints look at its port.

/** Where a relay listens. */
export type Endpoint =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };
