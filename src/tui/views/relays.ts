// The relays of the settings, and how each is doing: what keeps its mail back, what it was found to bear,
// how much of its rate is used. Enter lists its messages.

import { describeLimits } from "../../app/status/limits.ts";
import { formatSpan } from "../../display/ages.ts";
import { plural } from "../../display/plural.ts";
import { formatDuration } from "../../queue/durations.ts";
import { isLeftAlone } from "../../queue/policy/breaker.ts";
import { usedOf } from "../../queue/policy/rate.ts";
import { restsUntil } from "../../queue/policy/throttle.ts";
import type { RelayTarget } from "../../queue/relay_target.ts";
import type { PausesData } from "../data/views/pauses.ts";
import { askResume, partText } from "../model/acting/changes.ts";
import { openPrompt } from "../model/dialogs/open_prompt.ts";
import { step } from "../model/events.ts";
import { openFilter } from "../model/list/window.ts";
import type { State } from "../model/state.ts";
import type { Style } from "../screens/line.ts";
import { rowOf, title, under } from "./rows.ts";
import type { View, ViewRow } from "./view.ts";

type Relay = State["settings"]["relays"][number];

export const relaysView: View<"relays"> = {
  title: "Relays",
  rows(data, { state, columns }) {
    const { settings, status } = state;
    const names = new Set([
      ...settings.relays.map(({ name }) => name),
      ...(status?.relays ?? []).map(({ name }) => name),
    ]);
    return [
      title(`${names.size} ${plural(names.size, "relay")}`),
      ...[...names].flatMap((name) => relayRows(name, data, state, columns)),
      ...settings.routes.length === 0 ? [] : [{ line: [] }, ...routeRows(state, columns)],
    ];
  },
  open: (state, _, key) => openFilter(state, `relay:${key}`),
  commands: {
    pause_part: (state, key) =>
      step(openPrompt(
        state,
        "pause",
        key === null ? "relay:" : `${partText({ scope: "relay", value: key })} `,
      )),
    test_relay: (state, key) =>
      key === null ? step(state) : step(state, { kind: "run", args: ["doctor", "--relay", key] }),
    resume_part: (state, key) =>
      key === null ? step(state) : askResume(state, { scope: "relay", value: key }),
  },
};

function relayRows(name: string, data: PausesData, state: State, columns: number): ViewRow[] {
  const relay = state.settings.relays.find((one) => one.name === name);
  const known = state.status?.relays.find((one) => one.name === name);
  const { word, style } = stateOf(name, state);
  const waiting = data.find(({ scope, value }) => scope === "relay" && value === name)?.waiting;
  const hindrance = state.hindrances?.ofRelay(name) ?? null;
  const facts = [
    ...relay === undefined ? ["not in the settings any more"] : factsOf(relay, state),
    ...waiting === undefined || waiting === 0 ? [] : [`${waiting} deferred wait for it`],
  ];
  return [
    {
      key: name,
      line: rowOf(columns, [
        [name, 16, { isBold: true }],
        [word, 14, style],
        [relay === undefined ? "" : placeText(relay.target), null],
      ]),
    },
    under(facts.join(" · "), columns),
    ...hindrance === null ? [] : [under(hindrance, columns, style)],
    ...known === undefined || known.limits === null
      ? []
      : [under(describeLimits(known.limits), columns, { colour: "yellow" })],
  ];
}

interface RelayState {
  readonly word: string;
  readonly style: Style;
}

function stateOf(name: string, { status, now }: State): RelayState {
  const isPaused = status?.pauses.some(({ scope, value }) => scope === "relay" && value === name);
  if (isPaused === true) return { word: "⏸ paused", style: { colour: "yellow" } };
  const relay = status?.relays.find((one) => one.name === name);
  if (relay === undefined) return { word: "✓ ok", style: { colour: "green" } };
  const since = relay.downSince === null
    ? ""
    : ` ${formatSpan(Math.max(0, now - relay.downSince))}`;
  const red: Style = { colour: "red", isBold: true };
  if (relay.refusal !== null) return { word: `✗ REFUSES${since}`, style: red };
  if (isLeftAlone(relay, now)) return { word: `✗ DOWN${since}`, style: red };
  if (relay.limits !== null && restsUntil(relay.limits, now) !== null) {
    return { word: "~ rests", style: { colour: "yellow" } };
  }
  if (relay.failures > 0) {
    return { word: `! failed ${relay.failures}x`, style: { colour: "yellow" } };
  }
  return { word: "✓ slowed", style: { colour: "yellow" } };
}

function factsOf({ name, rate, concurrency, tls, user, target }: Relay, state: State): string[] {
  const use = state.hindrances?.around.rateUses.get(`relay:${name}`) ?? null;
  const isSmtp = target.kind === "smtp" || target.kind === "lmtp";
  return [
    ...concurrency === null ? [] : [`${concurrency} ${plural(concurrency, "connection")}`],
    rate === null ? "no rate" : `rate ${rate.count} in ${formatDuration(rate.perMs)}, ` +
      `${use === null ? 0 : Math.round(usedOf(use, rate, state.now) * 100)} % used`,
    ...isSmtp ? [`TLS ${tls.mode}`] : [],
    ...tls.fingerprint === null ? [] : ["one certificate by its fingerprint"],
    ...tls.ca === null ? [] : [`authorities of ${tls.ca}`],
    ...user === null ? [] : [`login ${user}`],
  ];
}

function placeText(target: RelayTarget): string {
  switch (target.kind) {
    case "smtp":
      return `smtp${target.isImplicitTls ? "s" : ""}://${target.host}:${target.port}`;
    case "lmtp":
      return `lmtp://${target.host}:${target.port}`;
    case "exec":
      return `exec:${target.command}`;
    case "console":
    case "null":
      return `${target.kind}:`;
    default:
      return `${target.kind}:${target.path}`;
  }
}

function routeRows({ settings }: State, columns: number): ViewRow[] {
  return [
    title("Routes, the first that fits"),
    ...settings.routes.map(({ sender, recipient, relays }): ViewRow => ({
      line: rowOf(columns, [
        [`from ${sender ?? "anybody"} to ${recipient ?? "anybody"}`, Math.floor(columns / 2)],
        [`→ ${relays.join(", ")}`, null],
      ]),
    })),
  ];
}
