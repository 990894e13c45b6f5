import { openDestination } from "../../../src/app/enqueue/destination.ts";
import { enqueueInputs } from "../../../src/app/enqueue/enqueue.ts";
import { intakeOptions, type IntakeWishes } from "../../../src/app/enqueue/options.ts";
import { takeInDrops } from "../../../src/app/drops/take_in.ts";
import type { Tell } from "../../../src/app/app.ts";
import type { Store } from "../../../src/queue/ports/store.ts";
import { MailqError } from "../../../src/queue/errors.ts";
import { TestApp } from "../../support/app.ts";
import { mailInput } from "../enqueue/inputs.ts";

/** An app whose queue has a drop folder beside it. */
export async function withDropFolder(): Promise<TestApp> {
  const app = await TestApp.make();
  await makeDropFolder(app);
  return app;
}

/** Makes the drop folder as `mailq init system` does. */
export async function makeDropFolder(app: TestApp): Promise<void> {
  const path = `${app.folder}/drop`;
  for (const folder of [path, `${path}/taken`, `${path}/refused`]) {
    await Deno.mkdir(folder, { mode: 0o700 });
  }
  await Deno.chmod(path, 0o1733);
}

const SILENT: Tell = {
  hearsProgress: false,
  note() {},
  warn() {},
  detail() {},
  progress() {},
  event() {},
  hearsEvents: false,
};

/** Leaves one drop with a mail for each subject, as a user who may not open the queue and tells
 *  nobody anything; returns its path. */
export async function drop(
  app: TestApp,
  subjects: readonly string[],
  wishes: IntakeWishes = {},
): Promise<string> {
  const { clock, random } = app;
  const user = {
    clock,
    random,
    env: {},
    tell: SILENT,
    user: () => "other",
    openQueue: () => Promise.reject(new MailqError("permission", "Cannot open the queue")),
    closeQueue: () => Promise.resolve(),
  };
  const settings = await app.settings("intake");
  const destination = await openDestination(user, settings);
  const before = new Set(namesIn(app, ""));
  const inputs = subjects.map((subject) => mailInput(subject));
  await enqueueInputs(user, destination, inputs, intakeOptions(user, settings, wishes));
  const [name] = namesIn(app, "").filter((one) => !before.has(one));
  return `${app.folder}/drop/${name}`;
}

/** The names in the drop folder or in a folder of it, but for its folders. */
export function namesIn(app: TestApp, folder: "" | "taken" | "refused"): string[] {
  return [...Deno.readDirSync(`${app.folder}/drop/${folder}`)]
    .filter(({ isDirectory }) => !isDirectory).map(({ name }) => name).sort();
}

/** Takes in what lies there, as a pass does, into the queue or into what `alter` makes of it. */
export async function takeIn(app: TestApp, alter = (store: Store) => store): Promise<void> {
  const settings = await app.settings();
  const queue = await app.openQueue(settings, { create: true, isWorker: true });
  {
    await using _taking = await takeInDrops(app, settings, alter(queue));
  }
  await app.closeQueue(queue);
}

/** The subjects of what is in the queue. */
export async function subjects(app: TestApp): Promise<(string | null)[]> {
  return (await app.messages()).map(({ subject }) => subject);
}
