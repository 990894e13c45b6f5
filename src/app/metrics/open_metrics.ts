// Metrics as text (OpenMetrics 1.0.0): families, their samples, labels. Pure. What there is to tell is
// families.ts's; who serves or prints the text is left to the callers.

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  /** What stands behind the family's name, such as `_bucket`. */
  readonly suffix?: string;
  readonly labels?: Labels;
  readonly value: number;
}

/** All that is told under one name. */
export interface Family {
  /** With the unit at its end where it has one, without `_total`. */
  readonly name: string;
  readonly type: "gauge" | "counter" | "histogram";
  readonly unit?: "seconds" | "bytes" | "ratio";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** How the text is written: as OpenMetrics, or in Prometheus' older form for who asks for no other. */
export type Dialect = "openmetrics" | "prometheus";

/** The content types of the two. */
export const CONTENT_TYPES: Readonly<Record<Dialect, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
};

/** The text of all families. One without samples is left out. */
export function metricsTextOf(families: readonly Family[], dialect: Dialect): string {
  const texts = families.filter(({ samples }) => samples.length > 0)
    .map((family) => familyText(family, dialect));
  return texts.join("") + (dialect === "openmetrics" ? "# EOF\n" : "");
}

function familyText({ name, type, unit, help, samples }: Family, dialect: Dialect): string {
  const isOpen = dialect === "openmetrics";
  // The older form knows counters by the name of their samples.
  const about = !isOpen && type === "counter" ? `${name}_total` : name;
  return [
    `# TYPE ${about} ${type}`,
    ...isOpen && unit !== undefined ? [`# UNIT ${name} ${unit}`] : [],
    `# HELP ${about} ${isOpen ? escaped(help) : help}`,
    ...samples.map(({ suffix = type === "counter" ? "_total" : "", labels = {}, value }) =>
      `${name}${suffix}${labelText(labels)} ${number(value)}`
    ),
    "",
  ].join("\n");
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function number(value: number): string {
  if (value === Infinity) return "+Inf";
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(12)));
}
