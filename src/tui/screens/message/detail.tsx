// A message on the whole screen: what it is, its tabs, and the window of the rows of one. Part of
// screen.tsx.

import { Box, Text } from "ink";
import { formatAge, formatDue } from "../../../display/ages.ts";
import { STATE_LOOKS } from "../../../display/colour.ts";
import type { MessageDetail } from "../../../queue/message.ts";
import { layoutOf } from "../../model/layout.ts";
import type { State } from "../../model/state.ts";
import { Window } from "../window.tsx";
import { Words } from "../words.tsx";
import { Tabs } from "./tabs.tsx";

export function Detail({ state }: { readonly state: State }) {
  const message = state.detail?.message;
  return (
    <Box flexDirection="column">
      <Box flexDirection="column" height={3} flexShrink={0}>
        {!message || message === "gone"
          ? <Words>{` ${state.detail?.id ?? ""}`}</Words>
          : <Envelope state={state} message={message} />}
      </Box>
      <Box height={1} flexShrink={0}>
        <Tabs detail={state.detail} />
      </Box>
      <Window name="tab" rows={layoutOf(state).textRows} />
    </Box>
  );
}

/** More recipients stand in no row. */
const MOST = 20;

interface EnvelopeProps {
  readonly state: State;
  readonly message: MessageDetail;
}

/** What it is, who it is from and to, its subject: a row each. */
function Envelope({ state, message }: EnvelopeProps) {
  const { glyph, colour } = STATE_LOOKS[message.status];
  const sender = message.sender === "" ? "<>" : message.sender;
  const from = message.from === null || message.from === message.sender
    ? sender
    : `${message.from} (envelope ${sender})`;
  const to = message.recipients.slice(0, MOST).map(({ address }) => address).join(", ");
  return (
    <>
      <Text wrap="truncate">
        <Words isBold>{` ${message.id}  `}</Words>
        <Words colour={colour}>{`${glyph} ${message.status}`}</Words>
        <Words colour="dim">{`  ${facts(message, state)}`}</Words>
      </Text>
      <Text wrap="truncate">
        <Words colour="dim">{` From `}</Words>
        <Words>{`${from} → ${to}`}</Words>
      </Text>
      <Text wrap="truncate">
        <Words colour="dim">{` Subj `}</Words>
        <Words isBold>{message.subject ?? ""}</Words>
      </Text>
    </>
  );
}

function facts(message: MessageDetail, { now, maxTries }: State): string {
  const tries = maxTries === null ? String(message.tries) : `${message.tries}/${maxTries}`;
  return [
    `${tries} ${maxTries === null && message.tries === 1 ? "try" : "tries"}`,
    `age ${formatAge(Math.min(message.createdAt, now), now)}`,
    `${message.sizeBytes} bytes`,
    message.priority,
    ...message.nextAttemptAt === null ? [] : [`next ${formatDue(message.nextAttemptAt, now)}`],
    ...message.tags.length === 0 ? [] : [`tags ${message.tags.join(" ")}`],
    ...message.replaces === null ? [] : [`replaces ${message.replaces}`],
    ...message.submitter === null ? [] : [`by ${message.submitter}`],
  ].join(" · ");
}
