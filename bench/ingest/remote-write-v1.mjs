// Remote write 1.0 from a request body to the log, without HTTP: what the kernels, the head and the log cost together.
// Operator terms: a fleet that is scraped every 15 s, all series known after the first scrape.
// Expected: snappy 30 ns, walk and identity 30 ns, append 15 ns, log 15 ns a sample and 5 us of write a body: 0.1 us a sample.
//   npm run build && node bench/ingest/remote-write-v1.mjs [--smoke]
import { remoteWriteBodies, SERIES_PER_TARGET } from '../lib/fleet.mjs';
import { ingest, withStore } from '../lib/ingest-store.mjs';
import { cpuSeconds, header, rounds } from '../lib/report.mjs';

const smoke = process.argv.includes('--smoke');
const targets = smoke ? 4 : 40;
const scrapes = smoke ? 4 : 40;
const bodies = remoteWriteBodies({ targets, scrapes, startMs: Date.now() - scrapes * 15_000 });
const total = bodies.reduce((sum, body) => sum + body.samples, 0);

header(`remote write 1.0 in process: ${targets * SERIES_PER_TARGET} series, ${scrapes} scrapes, ${total} samples`);
const round = () => withStore(async (db) => {
  const perScrape = bodies.length / scrapes;
  const creating = await cpuSeconds(() => ingest(db, bodies.slice(0, perScrape)));
  let stored = 0;
  const known = await cpuSeconds(async () => { stored = await ingest(db, bodies.slice(perScrape)); });
  if (stored !== total - targets * SERIES_PER_TARGET) throw new Error(`stored ${stored} of ${total - targets * SERIES_PER_TARGET} samples`);
  return { creating: (creating * 1e6) / (targets * SERIES_PER_TARGET), known: (known * 1e6) / stored };
});
const results = [];
await rounds('known series', smoke ? 1 : 5, 'us CPU a sample', async () => { results.push(await round()); return results.at(-1).known; });
await rounds('new series', results.length, 'us CPU a series', (i) => results[i].creating);
