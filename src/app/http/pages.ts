// What the service answers monitors over HTTP: /metrics, whether it lives (/healthz), and whether it is
// to be relied on (/readyz), with the reasons as JSON. service.ts has the conversation.

import type { Settings } from "../../config/settings.ts";
import { errorText } from "../../queue/errors.ts";
import { isLeftAlone } from "../../queue/policy/breaker.ts";
import { type MeteredStore, metricsText } from "../metrics/gather.ts";
import { CONTENT_TYPES } from "../metrics/open_metrics.ts";
import type { Supervision } from "../service/supervision.ts";
import type { HttpAnswer, HttpRequest } from "./service.ts";

interface Monitored {
  readonly store: MeteredStore;
  readonly settings: Settings;
  readonly supervision: Pick<Supervision, "troubles" | "isStuck">;
  /** Connections that the service has open, by relay. */
  readonly connections: ReadonlyMap<string, number>;
  readonly now: number;
  readonly version: string;
}

/** The answer to a monitor. Rejects where the queue cannot be read and the question is for metrics. */
export async function readMonitoring(
  { path, accept }: HttpRequest,
  monitored: Monitored,
): Promise<HttpAnswer> {
  const { store, settings, supervision, connections, now, version } = monitored;
  switch (path) {
    case "/metrics": {
      const dialect = accept.includes("application/openmetrics-text")
        ? "openmetrics"
        : "prometheus";
      const body = await metricsText(store, settings, { now, version, dialect, connections });
      return { status: 200, type: CONTENT_TYPES[dialect], body };
    }
    case "/healthz":
      return json(supervision.isStuck ? 503 : 200, {
        alive: !supervision.isStuck,
        reasons: supervision.isStuck ? supervision.troubles : [],
      });
    case "/readyz": {
      const { reasons, notes } = await readiness(monitored);
      return json(reasons.length === 0 ? 200 : 503, {
        ready: reasons.length === 0,
        reasons,
        notes,
      });
    }
    default:
      return json(404, { error: "expected /metrics, /healthz or /readyz" });
  }
}

/** Why the service is not to be relied on, and what else keeps mail back. */
async function readiness(
  { store, supervision, now }: Monitored,
): Promise<{ readonly reasons: string[]; readonly notes: string[] }> {
  const reasons = [...supervision.troubles];
  const notes: string[] = [];
  try {
    const { paused, relays, pauses } = await store.status();
    if (paused !== null) notes.push("the queue is paused");
    // Whose mail it is, is nothing for a monitor.
    if (pauses.length > 0) notes.push(`parts of the mail are paused: ${pauses.length}`);
    for (const relay of relays.filter((one) => isLeftAlone(one, now))) {
      const what = relay.refusal === null ? "is down" : "refuses our mail";
      notes.push(`the relay ${relay.name} ${what}: ${relay.lastError ?? "unknown"}`);
    }
  } catch (error) {
    reasons.push(errorText(error));
  }
  return { reasons, notes };
}

function json(status: HttpAnswer["status"], value: unknown): HttpAnswer {
  return { status, type: "application/json", body: `${JSON.stringify(value)}\n` };
}
