/**
 * `node dist/tools/differential/main.js --prometheus PATH [--queries N] [--seed N[,N…]] [--storage heads|blocks|both] [--write 1|2]
 * [--kind query|parse] [--stats] [--notes] [--end SECONDS] [--excused]`: asks a real Prometheus and narthex the same random questions about
 * the same data, or to parse the same random texts, and prints every disagreement, then the counts. N questions a seed and storage; a seed
 * has data of its own, which ends a minute or two ago, or at `--end` (at most an hour ago), as a run that is to be repeated tells it.
 */
import { parseArgs } from 'node:util';
import { runParseDifferential } from './parse-run.js';
import { dataEndNow, type DataPlace, runDifferential } from './run.js';
import { type RunReport, sumOf, textOf } from './tally.js';

const PLACES: Readonly<Record<string, readonly DataPlace[]>> = { heads: ['heads'], blocks: ['blocks'], both: ['heads', 'blocks'] };

const { values } = parseArgs({
  options: {
    prometheus: { type: 'string' }, queries: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' },
    storage: { type: 'string', default: 'heads' }, write: { type: 'string', default: '2' }, kind: { type: 'string', default: 'query' },
    stats: { type: 'boolean', default: false }, notes: { type: 'boolean', default: false },
    end: { type: 'string' }, excused: { type: 'boolean', default: false },
  },
});

const { prometheus } = values;
const places = PLACES[values.storage];
const seeds = values.seed.split(',').map(Number);
const isUnderstood = /^(query|parse)$/.test(values.kind) && /^[12]$/.test(values.write) && seeds.every(Number.isInteger)
  && (values.end === undefined || /^\d+$/.test(values.end));

if (prometheus === undefined || places === undefined || !isUnderstood) {
  console.error('usage: node dist/tools/differential/main.js --prometheus PATH [--queries N] [--seed N[,N...]] ' +
    '[--storage heads|blocks|both] [--write 1|2] [--kind query|parse] [--stats] [--notes] [--end SECONDS] [--excused]');
  process.exitCode = 2;
} else {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const run = values.kind === 'parse' ? runParseDifferential : runDifferential;
  const reports: RunReport[] = [];
  for (const seed of seeds) {
    const endMs = values.end === undefined ? dataEndNow() : Number(values.end) * 1000;
    const report = await run({
      prometheus, queries: Number(values.queries), seed, write: values.write === '1' ? 1 : 2, places,
      stats: values.stats, notes: values.notes, endMs, onFailure: (failure) => console.log(`seed ${seed}: ${failure}`),
      ...(values.excused ? { onExcuse: (excused: string) => console.log(`seed ${seed}: ${excused}`) } : {}),
    });
    const counts = `${report.asked} asked, ${report.answered} with results, ${report.failures.length} disagree`;
    console.log(`seed ${seed}: ${counts}${values.kind === 'parse' ? '' : ` (--end ${endMs / 1000})`}`);
    reports.push(report);
  }
  const all = sumOf(reports);
  console.log(textOf(all));
  process.exitCode = all.failures.length === 0 ? 0 : 1;
}
