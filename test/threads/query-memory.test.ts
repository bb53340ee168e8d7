import { describe, expect, test } from 'vitest';
import { MemoryLimitError } from '../../src/storage/memory-account.js';
import { giveBackQueryMemory, queryMemory, queryMemoryUsed, ThreadMemory } from '../../src/threads/query-memory.js';

const MIB = 1024 * 1024;

/** 16 MiB for two threads: 4 for each and 8 for both. */
function two(): { one: ThreadMemory; other: ThreadMemory; used: () => number; giveBack: (slot: number) => void } {
  const memory = queryMemory(16 * MIB, 2);
  return {
    one: new ThreadMemory(memory, 1), other: new ThreadMemory(memory, 2),
    used: () => queryMemoryUsed(memory) / MIB, giveBack: (slot) => giveBackQueryMemory(memory, slot),
  };
}

/** What `take` threw, as `code message`. */
function refusal(take: () => void): string {
  try {
    take();
  } catch (error) {
    if (error instanceof MemoryLimitError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'nothing';
}

describe('memory of all queries', () => {
  test('is what the running ones have, and nothing after them', () => {
    const { one, other, used } = two();
    one.take(3 * MIB);
    other.take(2 * MIB);
    one.take(MIB);
    expect(used()).toBe(6);
    one.end();
    expect(used()).toBe(2);
    other.end();
    expect(used()).toBe(0);
  });

  test('is noted for small pieces together', () => {
    const { one, used } = two();
    for (let i = 0; i < 1024; i++) one.take(1024);
    expect(used()).toBe(1);
  });

  test('of a query that asks for more than it could ever get: refused, whatever others do', () => {
    const { one, used } = two();
    one.take(12 * MIB);
    expect(refusal(() => one.take(MIB))).toBe('alone: the query needs more memory than one query may have: 13 of 12 MiB'
      + ' (half of query.max_memory, and the part that its thread has of the other half)');
    expect(used()).toBe(12);
  });

  test('that others have is not there; the share of each thread is', () => {
    const { one, other, used } = two();
    one.take(11 * MIB);
    other.take(4 * MIB);
    other.take(MIB);
    expect(refusal(() => other.take(2 * MIB))).toBe('together: the memory for queries is used up: this one needs 7 MiB, others have taken '
      + '7 of the 8 MiB that all share (half of query.max_memory)');
    expect(used()).toBe(16);
    // Both are refused what is over the budget.
    expect(refusal(() => one.take(MIB))).toMatch(/^together/);
    one.end();
    other.end();
    other.take(7 * MIB);
    expect(used()).toBe(7);
  });

  test('of a thread that was ended comes back', () => {
    const { one, other, used, giveBack } = two();
    one.take(12 * MIB);
    expect(refusal(() => other.take(5 * MIB))).toMatch(/^together/);
    giveBack(1);
    expect(used()).toBe(0);
    other.end();
    other.take(12 * MIB);
    expect(used()).toBe(12);
  });
});
