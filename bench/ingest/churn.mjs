// What a new series costs, in process: at every scrape a tenth of the targets is replaced (a rollout that never ends), and nothing is
// known of the new ones but the texts of most labels. The same with rules of relabelling, where TypeScript decides about new series.
// Expected of a new series with 8 labels: 16 look-ups of texts, 8 postings, its records and 40 B of log: 1.5 us; with rules 8 us more.
//   npm run build && node bench/ingest/churn.mjs [--smoke]
import { BodyNaming } from '../../dist/ingest/body-naming.js';
import { SeriesPolicy } from '../../dist/ingest/series-policy.js';
import { Relabeling } from '../../dist/model/relabel.js';
import { remoteWriteBodies, SERIES_PER_TARGET } from '../lib/fleet.mjs';
import { ingest, withStore } from '../lib/ingest-store.mjs';
import { cpuSeconds, header, rounds } from '../lib/report.mjs';

const smoke = process.argv.includes('--smoke');
const targets = smoke ? 4 : 40;
const scrapes = smoke ? 12 : 60;
const startMs = Date.now() - scrapes * 15_000;
const policy = new SeriesPolicy({
  relabeling: new Relabeling([
    { source_labels: ['__name__'], regex: 'go_.*', action: 'drop' }, { regex: 'namespace', action: 'labeldrop' },
    { source_labels: ['region'], regex: 'eu-(.*)', target_label: 'region', replacement: '$1' },
  ]),
  maxRemembered: 1000,
});
const LIMITS = { maxLabelNamesPerSeries: 256, maxLabelNameLength: 1024, maxLabelValueLength: 65_535 };
const NAMINGS = { 'without rules': () => undefined, 'three rules': () => new BodyNaming(policy, LIMITS, startMs) };

header(`churn in process: ${targets * SERIES_PER_TARGET} series at a time, ${scrapes} scrapes, a tenth replaced at each`);
const sets = [0, 0.1].map((churn) => remoteWriteBodies({ targets, scrapes, startMs, churn }));
const total = sets[0].reduce((sum, body) => sum + body.samples, 0);
const perScrape = sets[0].length / scrapes;
const series = targets * SERIES_PER_TARGET;
for (const [name, namingOf] of Object.entries(NAMINGS)) {
  const run = (bodies) => withStore(async (db) => {
    await ingest(db, bodies.slice(0, perScrape), 1, namingOf);
    let stored = 0;
    const seconds = await cpuSeconds(async () => { stored = await ingest(db, bodies.slice(perScrape), 1, namingOf); });
    if (stored !== total - series) throw new Error(`stored ${stored} of ${total - series} samples`);
    return { seconds, series: db.stats().series - series - 1 };
  });
  await rounds(`new series, ${name}`, smoke ? 1 : 5, 'us CPU a series', async () => {
    const [still, moving] = [await run(sets[0]), await run(sets[1])];
    return ((moving.seconds - still.seconds) * 1e6) / moving.series;
  });
}
