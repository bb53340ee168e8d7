// A fleet of targets as a Prometheus sender would send it: per scrape one remote write body for each four targets, 2,000
// samples of 2,000 series. Values: 30 % constant, 30 % integer counters, 25 % decimals, 15 % noise. 2.0 bodies carry metadata.
import protobuf from 'protobufjs';
import snappy from 'snappyjs';

const WriteRequest = protobuf.parse(`
  syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
`).root.lookupType('WriteRequest');

const RequestV2 = protobuf.parse(`
  syntax = "proto3";
  message Request { repeated string symbols = 4; repeated TimeSeries timeseries = 5; }
  message TimeSeries { repeated uint32 labels_refs = 1; repeated Sample samples = 2; Metadata metadata = 5; }
  message Sample { double value = 1; int64 timestamp = 2; }
  message Metadata { uint32 type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }
`, { keepCase: true }).root.lookupType('Request');

export const SERIES_PER_TARGET = 500;
export const TARGETS_PER_BODY = 4;

function labelsOf(target, index, generation) {
  return [
    ['__name__', `node_metric_${index % 120}_total`], ['cluster', 'eu-1'], ['device', `dev${Math.floor(index / 120)}`],
    ['env', 'production'], ['instance', `node-${String(target).padStart(4, '0')}${generation}.example.net:9100`], ['job', 'node-exporter'],
    ['namespace', 'monitoring'], ['region', 'eu-central'],
  ];
}

function valueOf(target, index, scrape) {
  const kind = index % 20;
  if (kind < 6) return target + index;
  if (kind < 12) return scrape * (1 + (index % 7)) + target;
  if (kind < 17) return Math.round((scrape * 1.37 + index) * 100) / 100;
  return Math.sin(target * 31 + index * 17 + scrape) * 1e6;
}

function encodeV1(series) {
  const timeseries = series.map(({ labels, sample }) => ({ labels: labels.map(([name, value]) => ({ name, value })), samples: [sample] }));
  return WriteRequest.encode(WriteRequest.fromObject({ timeseries })).finish();
}

function encodeV2(series) {
  const symbols = new Map([['', 0]]);
  const ref = (text) => {
    if (!symbols.has(text)) symbols.set(text, symbols.size);
    return symbols.get(text);
  };
  const timeseries = series.map(({ labels, sample }) => ({
    labels_refs: labels.flatMap(([name, value]) => [ref(name), ref(value)]),
    samples: [sample],
    metadata: { type: 1, help_ref: ref(`What ${labels[0][1]} counts, in one sentence.`), unit_ref: 0 },
  }));
  return RequestV2.encode(RequestV2.fromObject({ symbols: [...symbols.keys()], timeseries })).finish();
}

/** Bodies in sending order: { bytes, samples }[]. `churn`: share of the targets that is replaced by others at each scrape. */
export function remoteWriteBodies({ targets, scrapes, intervalMs = 15_000, startMs, version = 1, churn = 0 }) {
  const encode = version === 1 ? encodeV1 : encodeV2;
  const bodies = [];
  for (let scrape = 0; scrape < scrapes; scrape++) {
    for (let first = 0; first < targets; first += TARGETS_PER_BODY) {
      const series = [];
      for (let target = first; target < Math.min(targets, first + TARGETS_PER_BODY); target++) {
        const timestamp = startMs + scrape * intervalMs + target * 37;
        const replaced = Math.floor(scrape * churn + (target % 10) / 10 + 1e-9);
        const generation = replaced === 0 ? '' : `-${replaced}`;
        for (let index = 0; index < SERIES_PER_TARGET; index++) {
          series.push({ labels: labelsOf(target, index, generation), sample: { value: valueOf(target, index, scrape), timestamp } });
        }
      }
      bodies.push({ bytes: snappy.compress(encode(series)), samples: series.length });
    }
  }
  return bodies;
}
