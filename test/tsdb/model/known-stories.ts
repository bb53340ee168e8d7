/** Stories that failed once, of the store or of the model, shortened. What they are about is above each. */
import type { Story } from './story.js';

export const KNOWN_STORIES: readonly Story[] = [
  // A body with samples before the range of a head and behind the time that it goes at: the walk stores what lies between.
  {
    seed: 0, windowMs: 10_800_000, retentionMs: 0, sync: 'always', closesEarly: true, keepStarts: false, powerFailsAfterStart: false,
    operations: [
      {
        kind: 'write', door: 'batch', rows: [
          { series: 0, time: { from: 'newest', offset: -1_800_000 }, value: [0, 0], startBefore: 0 },
          { series: 0, time: { from: 'clock', offset: 0 }, value: [0x7ff00000, 2], startBefore: 0 },
        ],
      },
      {
        kind: 'write', door: 'v1', rows: [
          { series: 0, time: { from: 'newest', offset: -7_200_000 }, value: [0x7ff00000, 2], startBefore: 0 },
          { series: 0, time: { from: 'newest', offset: 1000 }, value: [0x7ff00000, 2], startBefore: 0 },
          { series: 0, time: { from: 'clock', offset: -15_000 }, value: 'same', startBefore: 0 },
          { series: 0, time: { from: 'stored', offset: 0 }, value: [0, 0], startBefore: 0 },
        ],
      },
    ],
  },
  // Killed between a failed sync and its mark, and then the power fails: the one moment for which nothing is promised.
  {
    seed: 8, windowMs: 0, retentionMs: 0, sync: 'interval', closesEarly: false, keepStarts: false, powerFailsAfterStart: true,
    operations: [
      { kind: 'fsync' },
      { kind: 'crash', how: 'process', after: 11 },
      {
        kind: 'write', door: 'batch', rows: [
          { series: 0, time: { from: 'stored', offset: 0 }, value: [0x7ff00000, 2], startBefore: 0 },
          { series: 0, time: { from: 'newest', offset: 1 }, value: [0x3fb99999, 0x9999999a], startBefore: 0 },
          { series: 1, time: { from: 'clock', offset: 0 }, value: 0, startBefore: 0 },
        ],
      },
      { kind: 'clock', byMs: 600_000 },
    ],
  },
  // The start of a late sample, which holds for that one only, after the log was written anew; then a sample behind it, and a kill.
  {
    seed: 0, windowMs: 1_800_000, retentionMs: 0, sync: 'interval', closesEarly: false, keepStarts: true, powerFailsAfterStart: false,
    operations: [
      { kind: 'write', door: 'v1', rows: [{ series: 9, time: { from: 'clock', offset: -45_000 }, value: 'same', startBefore: 0 }] },
      { kind: 'clock', byMs: -1_200_000 },
      { kind: 'write', door: 'batch', rows: [{ series: 9, time: { from: 'clock', offset: 0 }, value: 32, startBefore: 1000 }] },
      { kind: 'fsync' },
      { kind: 'sync' },
      { kind: 'write', door: 'v1', rows: [{ series: 9, time: { from: 'clock', offset: 15_000 }, value: [0, 0], startBefore: 0 }] },
      { kind: 'tail', bytes: 1130 },
    ],
  },
  // Rows of a head that went early, of the one behind it up to the time that it will go at, and later ones: the walk stores the second.
  {
    seed: 28, windowMs: 10_800_000, retentionMs: 0, sync: 'always', closesEarly: true, keepStarts: false, powerFailsAfterStart: true,
    operations: [
      {
        kind: 'write', door: 'v1', rows: [
          { series: 10, time: { from: 'clock', offset: 0 }, value: 31, startBefore: 10_800_000 },
          { series: 7, time: { from: 'clock', offset: -45_000 }, value: [0x40100000, 0], startBefore: 0 },
        ],
      },
      { kind: 'clock', byMs: 2_400_000 },
      {
        kind: 'write', door: 'batch', rows: [
          { series: 9, time: { from: 'newest', offset: 1000 }, value: 'same', startBefore: 1000 },
          { series: 8, time: { from: 'clock', offset: 0 }, value: [0x80000000, 0], startBefore: 0 },
        ],
      },
      {
        kind: 'write', door: 'v2', rows: [
          { series: 6, time: { from: 'newest', offset: -1_800_000 }, value: [0x7ff80000, 1], startBefore: 1000 },
          { series: 10, time: { from: 'hour', offset: 1 }, value: [0x40140000, 0], startBefore: 60_000 },
          { series: 7, time: { from: 'clock', offset: 15_000 }, value: [0x40180000, 0], startBefore: 0 },
        ],
      },
    ],
  },
  // A sample that a closed head has, then one that opens a head for its time, and then another value for the first.
  {
    seed: 0, windowMs: 600_000, retentionMs: 0, sync: 'always', closesEarly: true, keepStarts: false, powerFailsAfterStart: false,
    operations: [
      { kind: 'run', door: 'batch', series: 0, count: 121, stepMs: 15_000 },
      { kind: 'write', door: 'batch', rows: [{ series: 1, time: { from: 'newest', offset: -1_800_000 }, value: [1069128089, 2576980378], startBefore: 0 }] },
      { kind: 'heal' },
      {
        kind: 'write', door: 'batch',
        rows: [
          { series: 1, time: { from: 'newest', offset: -1_800_000 }, value: 'same', startBefore: 0 },
          { series: 0, time: { from: 'window', offset: -1 }, value: 0, startBefore: 0 },
          { series: 1, time: { from: 'newest', offset: -1_800_000 }, value: 0, startBefore: 0 },
          { series: 0, time: { from: 'newest', offset: -14_400_000 }, value: 'same', startBefore: 0 },
        ],
      },
      { kind: 'clean' },
    ],
  },
];
