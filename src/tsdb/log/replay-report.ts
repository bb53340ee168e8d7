import type { LogIdentity } from './format.js';

export type DamageReason =
  /** Bytes that are no valid record, with valid ones after them or in a segment that is not the last. */
  | 'bad_record'
  /** A segment ends, without a trace of what followed, before the place that the next segment names. */
  | 'premature_end'
  | 'missing_segment'
  /** Both copies of a header are unreadable. Its records are still read if another segment names the log. */
  | 'bad_header'
  /** The segment belongs to another log, or to another place in this one. */
  | 'foreign_segment';

export interface LogDamage {
  readonly file: string;
  readonly offset: number;
  /** Bytes lost, 0 if unknown. */
  readonly bytes: number;
  readonly reason: DamageReason;
  /** The disk refused to read some part of the segment; what it refused was taken as zeros. */
  readonly readError: boolean;
  /** Copy of the damaged file, undefined if there was nothing to copy or the copy failed (`repairError`). */
  readonly quarantine: string | undefined;
  /**
   * Why the segment could not be copied or mended, '' if it was. A mended range is passed over by later replays, any
   * other is reported again.
   */
  readonly repairError: string;
}

/** The end of the last segment was being written when the process or the machine stopped. */
export interface TornTail {
  readonly file: string;
  readonly offset: number;
  /** Bytes cut off, trailing zeros not counted. None of them had been acknowledged in mode `always`. */
  readonly bytes: number;
}

/** Where a writer goes on after a replay. */
export interface ResumePoint {
  readonly identity: LogIdentity;
  readonly segment: number;
  readonly previousEnd: number;
  /** Bit `1 << type` for each type of record that was found. */
  readonly recordTypes: number;
}

export interface ReplayReport {
  /** undefined if the directory holds no readable segment: then a writer is made with `LogWriter.create`. */
  readonly resume: ResumePoint | undefined;
  readonly segments: number;
  readonly records: number;
  /** Bytes of all records, frames included. */
  readonly bytes: number;
  readonly tornTail: TornTail | undefined;
  readonly damage: readonly LogDamage[];
}

/** One line for the operator about a damage. */
export function describeDamage(damage: LogDamage): string {
  const what = {
    bad_record: 'bytes are no valid record',
    premature_end: 'bytes are missing at the end of the segment',
    missing_segment: 'the segment is missing',
    bad_header: 'the header is unreadable',
    foreign_segment: 'the segment belongs to another log',
  }[damage.reason];
  const size = damage.bytes > 0 ? `${damage.bytes} ` : '';
  const kept = damage.quarantine === undefined ? '' : `; copy in ${damage.quarantine}`;
  const failed = damage.repairError === '' ? '' : `; not mended: ${damage.repairError}`;
  return `${damage.file} at ${damage.offset}: ${size}${what}${damage.readError ? ' (the disk reports read errors)' : ''}${kept}${failed}`;
}
