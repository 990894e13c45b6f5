// Writes the pictures of the README from the real screen: `deno task screenshots`.
import { makeId } from "../../src/queue/ids.ts";
import { newMessage, START } from "../support/queue_messages.ts";
import type { SqliteFixture } from "../support/queue_sqlite.ts";
import type { Cell } from "./fake_terminal.ts";
import { afterFault, HEALTHY } from "../../src/queue/policy/breaker.ts";
import { KEYS, subject, TestScreen, tried } from "./screen.ts";

const FOLDER = new URL("../../.github/", import.meta.url);
/** From 150 columns on the list has the message beside it. */
const COLUMNS = 152, ROWS = 32;
const CELL = { width: 8.4, height: 18 };
const PAD = 14;

/** The terminal's colours, dark. */
const PALETTE = ["#45475a", "#f38ba8", "#a6e3a1", "#f9e2af", "#89b4fa", "#f5c2e7", "#94e2d5"];
const INK = "#cdd6f4", PAPER = "#1e1e2e";

const MINUTE_MS = 60_000;

/** Ids that look like ids, and are the same at every run. */
function idOf(n: number): string {
  let seed = 7_919 * (n + 1);
  const bytes = Uint8Array.from({ length: 12 }, () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed >> 16;
  });
  return makeId(bytes);
}

async function fill(fixture: SqliteFixture): Promise<void> {
  const { store } = fixture;
  let n = 0;
  const parts = (to: string, text: string, minutes: number) => ({
    id: idOf(n++),
    recipients: [to],
    sender: "billing@shop.test",
    createdAt: START - minutes * MINUTE_MS,
    ...subject(text),
  });
  for (let i = 0; i < 12; i++) {
    await tried(
      fixture,
      "sent",
      parts(`customer${i}@mail.test`, `Invoice 2026-${1_200 + i}`, 80 - i),
    );
  }
  for (const [to, minutes] of [["kim@slow.test", 31], ["lea@slow.test", 29]] as const) {
    await tried(fixture, { retryAt: START + 4 * MINUTE_MS }, parts(to, "Newsletter 47", minutes));
  }
  await tried(fixture, "failed", parts("bob@acme.test", "Invoice 2026-1213", 12), {
    startedAt: START - 11 * MINUTE_MS,
    durationMs: 812,
    host: "mx1.acme.test:25",
    tls: "TLSv1.3",
    traceback: "SmtpError: permanent\n    at transaction.ts:188",
    transcript: "S: 220 mx1.acme.test ESMTP\nC: EHLO shop.test\nS: 250-mx1.acme.test\n" +
      "S: 250 PIPELINING\nC: MAIL FROM:<billing@shop.test>\nC: RCPT TO:<bob@acme.test>\n" +
      "S: 250 2.1.0 Ok\nS: 550 5.1.1 <bob@acme.test>: User unknown",
  });
  await tried(fixture, "failed", parts("yuki@acme.test", "ご注文の確認 № 42", 9));
  await store.enqueue([
    newMessage({ ...parts("eve@evil.test", "\x1b[31mred\x1b[2J hostile", 5) }),
    newMessage({ ...parts("ops@shop.test", "Disk almost full", 3), isHeld: true }),
    newMessage({ ...parts("ann@mail.test", "Your parcel is on its way", 2) }),
    newMessage({ ...parts("joe@mail.test", "Your parcel is on its way", 1) }),
  ]);
}

function svg(rows: readonly (readonly Cell[])[]): string {
  const width = Math.ceil(COLUMNS * CELL.width + 2 * PAD);
  const height = Math.ceil(rows.length * CELL.height + 2 * PAD);
  const shapes: string[] = [];
  for (const [y, cells] of rows.entries()) {
    for (let x = 0; x < cells.length;) {
      const run = runFrom(cells, x);
      shapes.push(...drawn(run.cells, x, y));
      x += run.columns;
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
    `font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14">\n` +
    `<rect width="${width}" height="${height}" rx="8" fill="${PAPER}"/>\n${
      shapes.join("\n")
    }\n</svg>\n`;
}

/** Cells of one look; a wide one stands by itself. */
function runFrom(
  cells: readonly Cell[],
  from: number,
): { readonly cells: readonly Cell[]; readonly columns: number } {
  const first = cells[from];
  if (first === undefined || first.width !== 1) {
    return { cells: cells.slice(from, from + 1), columns: Math.max(1, first?.width ?? 1) };
  }
  let to = from + 1;
  while (to < cells.length && cells[to]?.width === 1 && look(cells[to]) === look(first)) to++;
  return { cells: cells.slice(from, to), columns: to - from };
}

function look(cell: Cell | undefined): string {
  return JSON.stringify([cell?.colour, cell?.isBold, cell?.isDim, cell?.isInverse]);
}

function drawn(cells: readonly Cell[], x: number, y: number): string[] {
  const [cell] = cells;
  const text = cells.map((one) => one.text).join("");
  if (cell === undefined) return [];
  const colour = cell.colour >= 0 ? PALETTE[cell.colour] ?? INK : INK;
  const columns = cells.reduce((sum, { width }) => sum + width, 0);
  const left = (PAD + x * CELL.width).toFixed(1), top = PAD + y * CELL.height;
  const length = (columns * CELL.width).toFixed(1);
  const shapes: string[] = [];
  if (cell.isInverse) {
    shapes.push(
      `<rect x="${left}" y="${top}" width="${length}" height="${CELL.height}" fill="${colour}"/>`,
    );
  }
  if (text.trim() !== "") {
    const style = [
      `fill="${cell.isInverse ? PAPER : colour}"`,
      ...cell.isBold ? ['font-weight="bold"'] : [],
      ...cell.isDim ? ['opacity="0.6"'] : [],
    ].join(" ");
    shapes.push(
      `<text x="${left}" y="${top + 13}" textLength="${length}" xml:space="preserve" ${style}>` +
        `${escaped(text)}</text>`,
    );
  }
  return shapes;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

async function picture(name: string, screen: TestScreen): Promise<void> {
  const rows = screen.terminal.rows().map((_, y) => screen.terminal.cells(y));
  await Deno.writeTextFile(new URL(name, FOLDER), svg(rows));
}

{
  await using screen = await TestScreen.open({
    columns: COLUMNS,
    rows: ROWS,
    startsAsItIs: true,
    fill: async (fixture) => {
      await fill(fixture);
      await fixture.store.registerWorker("run");
      await fixture.store.noteRelay("bulk", () => {
        let health = HEALTHY;
        for (let i = 0; i < 4; i++) {
          health = afterFault(
            health,
            "Connecting to bulk.example:25: Connection refused",
            START - 26 * MINUTE_MS,
          );
        }
        return { ...health, openUntil: START + 4 * MINUTE_MS };
      });
    },
  });
  await picture("screen_problems.svg", screen);
}
await using screen = await TestScreen.open({ columns: COLUMNS, rows: ROWS, fill });
await screen.press("jjjj", " ");
await picture("screen_list.svg", screen);
await screen.press("/", "status:failed,partial to:@acme.test pri");
await picture("screen_filter.svg", screen);
{
  await using detail = await TestScreen.open({ columns: COLUMNS, rows: ROWS, fill });
  await detail.press("jjjjj", KEYS.enter, "G", KEYS.enter);
  await picture("screen_attempts.svg", detail);
}
