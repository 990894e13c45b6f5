// The short form: tests/soak/kill_test.ts kills until every kind of moment has been hit.
import { killEnqueues, killSends } from "../support/kills.ts";

Deno.test("kill -9: an enqueue that is killed keeps all or nothing (a few kills)", async () => {
  await killEnqueues({ single: 9, folders: 3, leastHits: 3 });
});

Deno.test("kill -9: a send that is killed loses nothing (a few kills)", async () => {
  await killSends({ rounds: 2, enough: 8, leastHits: 3 });
});
