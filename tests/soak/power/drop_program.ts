// Drops two mails into a drop folder of its own below TMPDIR, and ends: drops_test.ts records it.

import { drop, withDropFolder } from "../../app/drops/drops.ts";

if (import.meta.main) await drop(await withDropFolder(), ["a", "b"]);
