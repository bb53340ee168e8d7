/** The query API as a client sees it. */

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  /** [seconds, value as the server wrote it], a histogram as its JSON. */
  readonly points: readonly (readonly [number, string])[];
}

interface RawSeries {
  readonly metric: Record<string, string>;
  readonly value?: [number, string];
  readonly values?: [number, string][];
  readonly histogram?: [number, unknown];
  readonly histograms?: [number, unknown][];
}

/** An instant query. Series sorted by their labels. @throws if the answer is not a success */
export async function query(url: string, expression: string, atSeconds?: number): Promise<Sample[]> {
  const form = new URLSearchParams({ query: expression });
  if (atSeconds !== undefined) form.set('time', String(atSeconds));
  const data = await api<{ resultType: string; result: RawSeries[] }>(url, 'query', form);
  if (data.resultType === 'scalar') throw new Error(`${expression} is a scalar`);
  return data.result.map(toSample).sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** The single value of an instant query, undefined if there is no series. @throws if there are several */
export async function value(url: string, expression: string, atSeconds?: number): Promise<number | undefined> {
  const result = await query(url, expression, atSeconds);
  if (result.length > 1) throw new Error(`${expression}: ${result.length} series`);
  const text = result[0]?.points[0]?.[1];
  return text === undefined ? undefined : parseValue(text);
}

/** `data` of an endpoint below /api/v1, asked for by POST. @throws with the error of the envelope */
export async function api<T>(url: string, endpoint: string, form: URLSearchParams = new URLSearchParams()): Promise<T> {
  const response = await fetch(`${url}/api/v1/${endpoint}`, { method: 'POST', body: form });
  return unwrap(response, endpoint);
}

export async function get<T>(url: string, path: string): Promise<T> {
  return unwrap(await fetch(`${url}/api/v1/${path}`), path);
}

/** Go's notation: `+Inf`, `-Inf`, `NaN`, else as JavaScript reads it. */
export function parseValue(text: string): number {
  if (text === '+Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  return Number(text);
}

async function unwrap<T>(response: Response, what: string): Promise<T> {
  const text = await response.text();
  const envelope = JSON.parse(text) as { status: string; data: T; errorType?: string; error?: string };
  if (envelope.status !== 'success') throw new Error(`${what}: ${response.status} ${envelope.errorType}: ${envelope.error}`);
  return envelope.data;
}

function toSample(series: RawSeries): Sample {
  const points: [number, string][] = [...(series.values ?? []), ...(series.value ? [series.value] : [])];
  const histograms = [...(series.histograms ?? []), ...(series.histogram ? [series.histogram] : [])];
  for (const [at, histogram] of histograms) points.push([at, JSON.stringify(histogram)]);
  return { labels: series.metric, points };
}

function key(sample: Sample): string {
  return JSON.stringify(Object.entries(sample.labels).sort());
}
