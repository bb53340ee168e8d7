/** Where an answer of ours differs from a Prometheus 3.5.3 on purpose. Each row must still hold for some request, and says why. */
import type { ApiRequestLine } from './api-requests.js';

export interface KnownDifference {
  /** Of the request in one line, as `nameOf` writes it. */
  readonly requests: RegExp;
  readonly why: string;
}

const TIME_PARAMETER = /[?&](?:time|start|end)=/.source;

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  // A newer Prometheus: what is answered is 3.14.
  { requests: /query=up offset&/, why: '3.14 expects step() and range() there, too' },
  { requests: /query_range\?query=sort\(/, why: '3.14 warns that sort is ineffective in range queries' },
  { requests: /&stats=(?:none|false|1)$/, why: '3.14 warns that the value is deprecated' },
  { requests: /status\/tsdb\?limit=(?:10001|1000000)$/, why: '3.14 has a limit of 10,000' },
  { requests: /(?:status\/buildinfo|\/version)(?: |$)/, why: 'versions' },

  // Times that overflow in Go.
  { requests: new RegExp(`${TIME_PARAMETER}NaN`), why: 'Go makes an arbitrary time of NaN; here it is no time' },
  { requests: new RegExp(`${TIME_PARAMETER}Inf`), why: 'Go makes an arbitrary time of infinity; here it is the end of time' },
  {
    requests: /time=(?:292277025-|-292273086-|1795230729540$|99999999999999$)|start=-292273086-/,
    why: 'time() of years beyond 1677 and 2262 overflows in Go; and here 287,000 years are the ends',
  },

  // Texts and order that depend on chance there.
  { requests: /group_left work_total/, why: 'which two of the duplicates are named depends on the order of a Go map' },
  { requests: /&timeout=(?:0|-1|NaN)$/, why: 'where Go notices the end of the time is chance (400 or 503); here always 503, and NaN is none' },
  { requests: /status\/tsdb(?:\?limit=(?:|1|2|\+1|10000))?$/, why: 'bytes of a value count once, as it lies in memory once; equal counts are in the order of their names' },

  // Empty ranges of time.
  { requests: /(?:series\?match\[\]=up&|labels\?|values\?)start=(\d+)&end=\d+$/, why: 'an end before the start selects nothing; the head of Prometheus does not look' },

  // Paths.
  { requests: /^\w+ \/api\/v1\/(?:query\/|Query|label\/\/values)$|^\w+ \/api\/v1$/, why: 'Go redirects to something like it, often in vain (/query); here 404' },
  { requests: /^\w+ \/\/api\/v1\/query$/, why: 'Go redirects, which makes a GET of a POST; here doubled slashes are one' },
  { requests: /\/label\/job\/\/values/, why: 'an escaped slash belongs to the name here' },
  { requests: /\/label\/%(?:ff|zz)\/values$/, why: 'other words, same status' },
  { requests: /^\w+ \/api\/v1\/otlp/, why: 'always on here' },

  // Headers.
  { requests: /^HEAD \/-\//, why: 'the headers of a GET' },
  { requests: /"accept-encoding":"(?:[^i"]|identity.)/, why: 'Vary says that the answer depends on it; *, GZIP and x-gzip are understood' },

  // What the process says about itself.
  { requests: /\/status\/(?:runtimeinfo|flags|config)$/, why: 'another program' },
  { requests: /MetricFamily;encoding=text/, why: 'for debugging of Go programs; the text format is sent instead' },
];

/** `GET /api/v1/query?query=up {"origin":""} body`, readable. */
export function nameOf({ method, target, headers, body }: ApiRequestLine): string {
  return [method, readable(target), ...(headers ? [JSON.stringify(headers)] : []), ...(body === undefined ? [] : [readable(body)])].join(' ');
}

function readable(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
