/**
 * Random stories, told to a store and to a model of it (`store-model.ts`): requests through all doors, clocks, blocks, retention,
 * faults of the disk, crashes; after every operation both must have the same samples, bit by bit.
 *
 * Usually the same few stories. A long run with others, and one that failed again (the failure prints its seed and the shortest story):
 *
 *   MODEL_RUNS=5000 MODEL_SEED=random npx vitest run test/tsdb/model/store.test.ts
 *   MODEL_SEED=-1234 npx vitest run test/tsdb/model/store.test.ts
 *   MODEL_SHRINK=no …  the first story that fails, as it is
 *   MODEL_STORY='{"seed":0,…}' npx vitest run test/tsdb/model/store.test.ts
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { collectGarbage } from '../../../src/threads/collect-garbage.js';
import { KNOWN_STORIES } from './known-stories.js';
import { story, type Story } from './story.js';
import { Telling } from './telling.js';

const USUAL_RUNS = 30;
const runs = Number(process.env['MODEL_RUNS'] ?? USUAL_RUNS);
const seed = process.env['MODEL_SEED'] ?? '1';
const only = process.env['MODEL_STORY'];
let told = 0;
let blocks = 0;

async function tell(plan: Story): Promise<void> {
  const telling = new Telling(plan);
  try {
    await telling.tell();
  } finally {
    await telling.end();
    blocks += telling.blocksSeen.size;
    // Each head reserves gigabytes of addresses until it is collected.
    if (++told % 20 === 0) collectGarbage();
  }
}

it.runIf(only !== undefined)('the given story ends as the model says', async () => {
  const given: unknown = JSON.parse(only!);
  await tell(given as Story);
});

it.runIf(only === undefined).each(KNOWN_STORIES.map((known, i) => [i, known] as const))('known story %i ends as the model says', (_, known) => tell(known));

it.runIf(only === undefined)('any story ends as the model says', async () => {
  const result = await fc.check(fc.asyncProperty(story, tell), {
    numRuns: runs, endOnFailure: process.env['MODEL_SHRINK'] === 'no', ...(seed === 'random' ? {} : { seed: Number(seed) }),
    // On a busy machine a usual run tells fewer of them.
    ...(runs === USUAL_RUNS ? { interruptAfterTimeLimit: 20_000 } : {}),
  });
  if (!result.failed) {
    expect(blocks, 'stories without blocks are about half of the store').toBeGreaterThan(0);
    return;
  }
  const [shortest] = result.counterexample ?? [];
  const cause = result.errorInstance instanceof Error ? result.errorInstance.stack ?? result.errorInstance.message : String(result.errorInstance);
  expect.fail(`MODEL_SEED=${result.seed}\n${JSON.stringify(shortest)}\n${cause}`);
}, Math.max(120_000, runs * 10_000));
