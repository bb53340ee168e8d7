// A fleet of targets as a Prometheus sender would send it: per scrape one remote write 1.0 body for each four targets, 2,000
// samples of 2,000 series. Values: 30 % constant, 30 % integer counters, 25 % decimals, 15 % noise.
import protobuf from 'protobufjs';
import snappy from 'snappyjs';

const WriteRequest = protobuf.parse(`
  syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
`).root.lookupType('WriteRequest');

const SERIES_PER_TARGET = 500;
const TARGETS_PER_BODY = 4;

function labelsOf(target, index) {
  return [
    ['__name__', `node_metric_${index % 120}_total`], ['cluster', 'eu-1'], ['device', `dev${Math.floor(index / 120)}`],
    ['env', 'production'], ['instance', `node-${String(target).padStart(4, '0')}.example.net:9100`], ['job', 'node-exporter'],
    ['namespace', 'monitoring'], ['region', 'eu-central'],
  ].map(([name, value]) => ({ name, value }));
}

function valueOf(target, index, scrape) {
  const kind = index % 20;
  if (kind < 6) return target + index;
  if (kind < 12) return scrape * (1 + (index % 7)) + target;
  if (kind < 17) return Math.round((scrape * 1.37 + index) * 100) / 100;
  return Math.sin(target * 31 + index * 17 + scrape) * 1e6;
}

/** Bodies in sending order: { bytes, samples }[]. */
export function remoteWriteBodies({ targets, scrapes, intervalMs = 15_000, startMs }) {
  const bodies = [];
  for (let scrape = 0; scrape < scrapes; scrape++) {
    for (let first = 0; first < targets; first += TARGETS_PER_BODY) {
      const timeseries = [];
      for (let target = first; target < Math.min(targets, first + TARGETS_PER_BODY); target++) {
        const timestamp = startMs + scrape * intervalMs + target * 37;
        for (let index = 0; index < SERIES_PER_TARGET; index++) {
          timeseries.push({ labels: labelsOf(target, index), samples: [{ value: valueOf(target, index, scrape), timestamp }] });
        }
      }
      const bytes = snappy.compress(WriteRequest.encode(WriteRequest.fromObject({ timeseries })).finish());
      bodies.push({ bytes, samples: timeseries.length });
    }
  }
  return bodies;
}
