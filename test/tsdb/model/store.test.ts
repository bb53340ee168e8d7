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
import { expect } from 'vitest';
import { itTellsStories } from '../../support/random-stories.js';
import { KNOWN_STORIES } from './known-stories.js';
import { story } from './story.js';
import { Telling } from './telling.js';

let blocks = 0;

itTellsStories({
  prefix: 'MODEL', usualRuns: 30, story, known: KNOWN_STORIES,
  teller: (plan) => new Telling(plan),
  ended: (telling) => (blocks += telling.blocksSeen.size),
  checkAll: () => expect(blocks, 'stories without blocks are about half of the store').toBeGreaterThan(0),
});
