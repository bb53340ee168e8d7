// Remote write 2.0 from a request body to the log, without HTTP, as `remote-write-v1.mjs`: metadata with every series.
// Expected: snappy 20 ns, symbols, walk and identity 50 ns, append 15 ns, log 15 ns a sample: 0.1 us.
//   npm run build && node bench/ingest/remote-write-v2.mjs [--smoke]
import { remoteWriteBodies, SERIES_PER_TARGET } from '../lib/fleet.mjs';
import { ingest, withStore } from '../lib/ingest-store.mjs';
import { cpuSeconds, header, rounds } from '../lib/report.mjs';

const smoke = process.argv.includes('--smoke');
const targets = smoke ? 4 : 40;
const scrapes = smoke ? 4 : 40;
const bodies = remoteWriteBodies({ targets, scrapes, startMs: Date.now() - scrapes * 15_000, version: 2 });
const total = bodies.reduce((sum, body) => sum + body.samples, 0);
const series = targets * SERIES_PER_TARGET;

header(`remote write 2.0 in process: ${series} series, ${scrapes} scrapes, ${total} samples`);
const results = [];
const round = () => withStore(async (db) => {
  const perScrape = bodies.length / scrapes;
  const creating = await cpuSeconds(() => ingest(db, bodies.slice(0, perScrape), 2));
  let stored = 0;
  const known = await cpuSeconds(async () => { stored = await ingest(db, bodies.slice(perScrape), 2); });
  if (stored !== total - series) throw new Error(`stored ${stored} of ${total - series} samples`);
  return { creating: (creating * 1e6) / series, known: (known * 1e6) / stored };
});
await rounds('known series', smoke ? 1 : 5, 'us CPU a sample', async () => { results.push(await round()); return results.at(-1).known; });
await rounds('new series', results.length, 'us CPU a series', (i) => results[i].creating);
