/**
 * `node dist/tools/differential/main.js --prometheus PATH [--queries N] [--seed N] [--write 1|2] [--kind query|parse] [--stats]
 * [--notes]`: asks a real
 * Prometheus and narthex the same random questions about the same data, or to parse the same random texts, and prints every disagreement.
 */
import { parseArgs } from 'node:util';
import { runParseDifferential } from './parse-run.js';
import { runDifferential } from './run.js';

const { values } = parseArgs({
  options: {
    prometheus: { type: 'string' }, queries: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' },
    write: { type: 'string', default: '2' }, kind: { type: 'string', default: 'query' },
    stats: { type: 'boolean', default: false }, notes: { type: 'boolean', default: false },
  },
});

if (values.prometheus === undefined || !/^(query|parse)$/.test(values.kind) || (values.write !== '1' && values.write !== '2')) {
  console.error('usage: node dist/tools/differential/main.js --prometheus PATH [--queries N] [--seed N] [--write 1|2] ' +
    '[--kind query|parse] [--stats] [--notes]');
  process.exitCode = 2;
} else {
  const { prometheus } = values;
  const run = values.kind === 'parse' ? runParseDifferential : runDifferential;
  const report = await run({
    prometheus, queries: Number(values.queries), seed: Number(values.seed), write: values.write === '1' ? 1 : 2,
    stats: values.stats, notes: values.notes, onFailure: console.log,
  });
  for (const [excuse, count] of report.excused) console.log(`${count} excused: ${excuse}`);
  console.log(`seed ${values.seed}: ${report.asked} asked, ${report.answered} with results, ${report.refused} refused by both, ` +
    `${report.failures.length} disagree`);
  process.exitCode = report.failures.length === 0 ? 0 : 1;
}
