/** What Prometheus says to a query: series with their labels, and values in time. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly { readonly atSeconds: number; readonly value: number }[];
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: {
    readonly result: readonly {
      readonly metric: Record<string, string>;
      readonly value?: [number, string];
      readonly values?: readonly [number, string][];
    }[];
  };
}

/** As it is now. */
export function query(origin: string, expression: string): Promise<Series[]> {
  return ask(`${origin}/api/v1/query?${new URLSearchParams({ query: expression })}`);
}

/** Times are Unix seconds. */
export function queryRange(
  origin: string,
  expression: string,
  { start, end, step }: { start: number; end: number; step: number },
): Promise<Series[]> {
  const parameters = { query: expression, start: `${start}`, end: `${end}`, step: `${step}` };
  return ask(`${origin}/api/v1/query_range?${new URLSearchParams(parameters)}`);
}

/** @throws with Prometheus's own words, when it refuses the query */
async function ask(url: string): Promise<Series[]> {
  const { status, error, data } = (await (await fetch(url)).json()) as Answer;
  if (status !== 'success') throw new Error(error);
  return data.result.map(({ metric, value, values }) => ({
    labels: metric,
    points: (values ?? (value === undefined ? [] : [value])).map(([atSeconds, text]) => ({
      atSeconds,
      value: Number(text.replace('Inf', 'Infinity')),
    })),
  }));
}
