/**
 * Random stories as tests: the usual few of one seed, more or others if the environment says so, and a failure in the words in which it is
 * told again. With the prefix `MODEL`: MODEL_RUNS, MODEL_SEED (a number, or `random`), MODEL_STORY (one story as JSON), MODEL_SHRINK=no.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { collectGarbage } from '../../src/threads/collect-garbage.js';

export interface StoryTeller {
  /** Rejects where what is found is not what the model says. */
  tell(): Promise<void>;
  /** Gives everything back, however it ended. */
  end(): Promise<void>;
}

export interface StorySuite<Story, Teller extends StoryTeller> {
  /** Of the names in the environment. */
  readonly prefix: string;
  /** How many stories a run of the test suite tells. */
  readonly usualRuns: number;
  readonly story: fc.Arbitrary<Story>;
  readonly teller: (plan: Story) => Teller;
  /** Stories that failed once. */
  readonly known?: readonly Story[];
  /** Looks at a teller that has ended. */
  readonly ended?: (teller: Teller) => void;
  /** When all random stories ended well. */
  readonly checkAll?: () => void;
}

/** Each head reserves gigabytes of addresses until it is collected. */
const STORIES_PER_COLLECTION = 20;

export function itTellsStories<Story, Teller extends StoryTeller>(suite: StorySuite<Story, Teller>): void {
  const { prefix, usualRuns, story, teller, known = [], ended = () => {}, checkAll = () => {} } = suite;
  const variable = (name: string): string | undefined => process.env[`${prefix}_${name}`];
  const runs = Number(variable('RUNS') ?? usualRuns);
  const seed = variable('SEED') ?? '1';
  const only = variable('STORY');
  let told = 0;

  async function tell(plan: Story): Promise<void> {
    const telling = teller(plan);
    try {
      await telling.tell();
    } finally {
      await telling.end();
      ended(telling);
      if (++told % STORIES_PER_COLLECTION === 0) collectGarbage();
    }
  }

  it.runIf(only !== undefined)('the given story ends as the model says', async () => {
    const given: unknown = JSON.parse(only!);
    await tell(given as Story);
  });

  it.runIf(only === undefined).each(known.map((one, i) => [i, one] as const))('known story %i ends as the model says', (_, one) => tell(one));

  it.runIf(only === undefined)('any story ends as the model says', async () => {
    const result = await fc.check(fc.asyncProperty(story, tell), {
      numRuns: runs, endOnFailure: variable('SHRINK') === 'no', ...(seed === 'random' ? {} : { seed: Number(seed) }),
      // On a busy machine a usual run tells fewer of them.
      ...(runs === usualRuns ? { interruptAfterTimeLimit: 20_000 } : {}),
    });
    if (!result.failed) {
      checkAll();
      return;
    }
    const [shortest] = result.counterexample ?? [];
    const cause = result.errorInstance instanceof Error ? result.errorInstance.stack ?? result.errorInstance.message : String(result.errorInstance);
    expect.fail(`${prefix}_SEED=${result.seed}\n${prefix}_STORY='${JSON.stringify(shortest)}'\n${cause}`);
  }, Math.max(120_000, runs * 10_000));
}
