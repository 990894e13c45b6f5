import assert from "node:assert/strict";
import { ScramClient, ScramError } from "../../../../src/transport/smtp/session/scram.ts";

const NONCE = "rOprNGfwEbeRWgbNEkqO";
const SERVER_NONCE = `${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0`;
const SERVER_FIRST = `r=${SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("ScramClient: the exchange of RFC 7677 section 3", async () => {
  const client = new ScramClient({ user: "user", password: "pencil", nonce: NONCE });
  assert.equal(text(client.first), `n,,n=user,r=${NONCE}`);
  assert.equal(
    text(await client.respond(bytes(SERVER_FIRST))),
    `c=biws,r=${SERVER_NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
  );
  assert.equal(client.isServerProven, false);
  const answer = await client.respond(bytes("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
  assert.equal(text(answer), "");
  assert.equal(client.isServerProven, true);
});

Deno.test("ScramClient: a user's = and , are escaped, blanks and ligatures made plain", () => {
  assert.equal(
    text(new ScramClient({ user: "a=b,c\u00a0\ufb01", password: "x", nonce: "n" }).first),
    "n,,n=a=3Db=2Cc fi,r=n",
  );
});

const BAD: readonly (readonly [string, string, RegExp])[] = [
  ["another nonce", `r=xyz${NONCE},s=QQ==,i=4096`, /no answer to ours/],
  ["our nonce alone", `r=${NONCE},s=QQ==,i=4096`, /no answer to ours/],
  ["few rounds", `r=${SERVER_NONCE},s=QQ==,i=1`, /asks for 1 rounds: expected 4096 to/],
  ["endless rounds", `r=${SERVER_NONCE},s=QQ==,i=999999999999`, /asks for 999999999999 rounds/],
  ["nonsense", "hello", /no answer to ours/],
];
for (const [what, challenge, expected] of BAD) {
  Deno.test(`ScramClient: ${what} as the challenge is refused`, async () => {
    const client = new ScramClient({ user: "user", password: "pencil", nonce: NONCE });
    await assert.rejects(
      () => client.respond(bytes(challenge)),
      (error) => error instanceof ScramError && expected.test(error.message),
    );
  });
}

Deno.test("ScramClient: a server without the password is found out", async () => {
  for (const final of ["v=AAAA", "e=other-error", "", "welcome"]) {
    const client = new ScramClient({ user: "user", password: "pencil", nonce: NONCE });
    await client.respond(bytes(SERVER_FIRST));
    await assert.rejects(() => client.respond(bytes(final)), ScramError);
  }
  const early = new ScramClient({ user: "user", password: "pencil", nonce: NONCE });
  assert.throws(() => early.finish("v="), ScramError);
});
