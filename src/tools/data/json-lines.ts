/** Reads what `narthex dump` writes: lines of samples, of exemplars, of metadata (`sample-lines.ts`, `catalogue-lines.ts`). */
import { decodeExemplars, decodeMetadata, labelsOf } from './catalogue-lines.js';
import type { LineReader, LineTarget } from './line-target.js';
import { decodeSamples, SampleLineError, type SampleLine } from './sample-lines.js';

interface Line extends SampleLine {
  readonly labels?: unknown;
  readonly metadata?: unknown;
  readonly exemplars?: unknown;
}

export class JsonLinesReader implements LineReader {
  constructor(private readonly target: LineTarget) {}

  line(text: string): void {
    const line = parse(text);
    if (typeof line.metadata === 'object' && line.metadata !== null) {
      this.target.metadata(decodeMetadata(line.metadata));
      return;
    }
    const labels = labelsOf(line.labels);
    if (Array.isArray(line.exemplars)) {
      this.target.exemplars(decodeExemplars(labels, line.exemplars));
      return;
    }
    decodeSamples(line, this.target.columns);
    this.target.samples(labels);
  }

  end(): void {
    // Every line stands for itself.
  }
}

function parse(text: string): Line {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new SampleLineError('this is no JSON', { cause });
  }
  if (typeof parsed !== 'object' || parsed === null) throw new SampleLineError('this is no object');
  return parsed;
}
