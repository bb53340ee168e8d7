// Resident memory of the real server over many heads: a dropped head's arena must go back to the system, each time.
// Operator terms: 20,000 series every two minutes for 30 simulated hours with heads of two hours; 10 % of the series are replaced every
// hour, or with --storm at every scrape, under a budget of 64 MiB, which no aligned head fits into. Each hour is queried once, so
// that every thread has seen every head. RSS is looked at while no block is made: a thread that makes one ends with it, and on a busy
// machine it lasts for several of these hours, of a few seconds each.
// Expected: two heads of 20-40 MB beside some 200 MB of server; flat as `lib/flatness.mjs` says: the line through hours 6 to the last rises
// by less than 1 % an hour, and the last six hours are at most 1.1 times hours 6 to 12.
//   npm run build && node bench/ingest/rss-over-heads.mjs [--storm] [--smoke] [--hours N]
import { flatness } from '../lib/flatness.mjs';
import { encodeLabels, plainBody } from '../lib/plain-body.mjs';
import { header } from '../lib/report.mjs';
import { startServer } from '../lib/server-process.mjs';

const smoke = process.argv.includes('--smoke');
const storm = process.argv.includes('--storm');
const SERIES = smoke ? 1000 : 20_000;
const hoursAt = process.argv.indexOf('--hours');
const fullHours = hoursAt < 0 ? 30 : Number(process.argv[hoursAt + 1]);
const HOURS = smoke ? 5 : fullHours;
const INTERVAL_MS = 120_000;
const SCRAPES_PER_HOUR = 3_600_000 / INTERVAL_MS;
const PER_BODY = 5000;
const REPLACED = SERIES / 10;
const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

header(`RSS over heads: ${SERIES} series, ${HOURS} h, ${storm ? 'storm' : 'steady'}`);
const STORM = { NARTHEX_STORAGE_HEAD_MEMORY: smoke ? '4MiB' : '64MiB', NARTHEX_STORAGE_HEAD_CLOSE_MIN_AGE: '10m' };
const server = await startServer(storm ? STORM : {});
let made = 0;
const newSeries = () => {
  const pod = `pod-${String(made++).padStart(9, '0')}`;
  return encodeLabels([
    ['__name__', 'http_requests_total'], ['cluster', 'eu-1'], ['instance', `10.0.${made % 256}.${(made >> 8) % 256}:8080`], ['job', 'shop'],
    ['namespace', `team-${made % 40}`], ['pod', pod],
  ]);
};
const series = Array.from({ length: SERIES }, newSeries);
const replace = () => {
  for (let i = 0; i < REPLACED; i++) {
    series.shift();
    series.push(newSeries());
  }
};

/** Resolves when no thread makes or checks a block; after two minutes anyway. */
async function blocksMade() {
  for (let look = 0; look < 600 && await server.metric('narthex_block_jobs_running') > 0; look++) {
    highest = Math.max(highest, server.rss());
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const startMs = Math.floor(Date.now() / 7_200_000) * 7_200_000 - HOURS * 3_600_000;
const resident = [];
let highest = 0;
let sent = 0;
let refused = 0;
try {
  for (let scrape = 0; scrape < HOURS * SCRAPES_PER_HOUR; scrape++) {
    const t = startMs + scrape * INTERVAL_MS;
    for (let first = 0; first < SERIES; first += PER_BODY) {
      const part = series.slice(first, first + PER_BODY);
      const body = plainBody(part, t + first, (i) => scrape * 10 + ((first + i) % 100));
      for (;;) {
        if (await server.write(body, [503]) === 204) break;
        refused++;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      sent += part.length;
    }
    if (storm || (scrape + 1) % SCRAPES_PER_HOUR === 0) replace();
    if ((scrape + 1) % SCRAPES_PER_HOUR !== 0) continue;
    const hour = (scrape + 1) / SCRAPES_PER_HOUR;
    const end = (t + INTERVAL_MS - 1) / 1000;
    const counted = await server.query(`sum(count_over_time(http_requests_total[1h]))`, end);
    if (counted !== SERIES * SCRAPES_PER_HOUR) throw new Error(`hour ${hour}: ${counted} of ${SERIES * SCRAPES_PER_HOUR} samples`);
    highest = Math.max(highest, server.rss());
    await blocksMade();
    let lowest = Infinity;
    for (let look = 0; look < 8; look++) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      lowest = Math.min(lowest, server.rss());
    }
    resident.push(lowest);
    const names = ['narthex_heads', 'narthex_head_memory_bytes', 'narthex_heads_closed_early_total'];
    const [heads, bytes, early] = await Promise.all(names.map(server.metric));
    const arenas = server.arenas();
    const inArenas = `${mib(arenas.resident)} in ${arenas.count} arenas`;
    console.log(`hour ${hour}: RSS ${mib(resident.at(-1))}, ${inArenas}; ${heads} heads with ${mib(bytes)}, ${early} closed early`);
  }
} finally {
  console.log(`CPU of the server: ${(server.cpuMs() / 1000).toFixed(1)} s`);
  await server.stop();
}
console.log(`${sent} samples, ${refused} requests refused for a while; highest RSS seen, blocks being made or not: ${mib(highest)}`);
const verdict = flatness(resident);
if (verdict !== undefined) {
  const { risePerHour, lateToEarly, isFlat } = verdict;
  const rise = `from hour 6 on ${(risePerHour * 100).toFixed(2)} % an hour`;
  console.log(`${isFlat ? 'FLAT' : 'NOT FLAT'}: ${rise}, the last six hours ${lateToEarly.toFixed(2)} times hours 6 to 12`);
}
