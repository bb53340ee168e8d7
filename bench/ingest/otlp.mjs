// OTLP protobuf from a decompressed (or gzipped) body to the log, without HTTP: walk, names of new points, head and log.
// Operator terms: a fleet whose collector exports every 15 s, all points known after the first export.
// Expected: walk and identity 60 ns, append 20 ns, log 15 ns a sample; gzip 4-6 times that; a point that is translated 3-6 us.
//   npm run build && node bench/ingest/otlp.mjs [--smoke]
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { Ingester } from '../../dist/ingest/ingester.js';
import { OTLP_DEFAULTS } from '../../dist/ingest/otlp-settings.js';
import { OtlpTranslator } from '../../dist/ingest/otlp-translate.js';
import { withStore } from '../lib/ingest-store.mjs';
import { otlpBodies } from '../lib/otlp-fleet.mjs';
import { cpuSeconds, header, rounds } from '../lib/report.mjs';

const gunzip = promisify(zlib.gunzip);
const smoke = process.argv.includes('--smoke');
const targets = smoke ? 4 : 40;
const scrapes = smoke ? 4 : 40;

function ingesterOf(db) {
  const limits = { maxLabelNamesPerSeries: Infinity, maxLabelNameLength: Infinity, maxLabelValueLength: Infinity };
  const settings = {
    ...limits, maxDecodedBytes: 64 * 2 ** 20, maxMetadataFamilies: 10_000, maxFutureMs: 600_000,
    typeAndUnitLabels: false, zeroAtStart: false,
  };
  const translator = new OtlpTranslator(OTLP_DEFAULTS);
  const sink = { metadata() {}, exemplars() {}, rejects() {}, haElections() {} };
  return new Ingester(db, sink, settings, () => Date.now(), () => translator);
}

/** Samples and histograms written. */
async function ingest(ingester, list, inflate) {
  let stored = 0;
  for (const { bytes } of list) {
    const outcome = await ingester.otlp(inflate ? await gunzip(bytes) : bytes);
    if (outcome.rejectedPoints > 0) throw new Error(`refused: ${JSON.stringify(outcome.rejects)}`);
    stored += outcome.samplesWritten + outcome.histogramsWritten;
  }
  return stored;
}

async function measure(name, others, gzip) {
  const plain = otlpBodies({ targets, scrapes, startMs: Date.now() - scrapes * 15_000 - 60_000, others });
  const bodies = gzip ? plain.map(({ bytes, points }) => ({ bytes: zlib.gzipSync(bytes), points })) : plain;
  const perScrape = bodies.length / scrapes;
  const results = [];
  const round = () => withStore(async (db) => {
    const ingester = ingesterOf(db);
    const creating = await cpuSeconds(() => ingest(ingester, bodies.slice(0, perScrape), gzip));
    let stored = 0;
    const known = await cpuSeconds(async () => { stored = await ingest(ingester, bodies.slice(perScrape), gzip); });
    const perExport = stored / (scrapes - 1);
    results.push({ creating: (creating * 1e6) / perExport });
    return (known * 1e6) / stored;
  });
  await rounds(`${name}: known points`, smoke ? 1 : 5, 'us CPU a sample', round);
  await rounds(`${name}: new points`, results.length, 'us CPU a sample', (i) => results[i].creating);
}

header(`OTLP in process: ${targets * 275} points of ${targets * 600} series, ${scrapes} exports`);
await measure('identity', 0, false);
await measure('gzip', 0, true);
await measure('10 % exponential histograms and deltas', 0.1, false);
