import type { SeriesExemplars } from '../../catalogue/exemplar-table.js';
import type { Labels } from '../../model/labels.js';
import type { MetricMetadata } from '../../model/metadata.js';
import type { SampleColumns } from '../../model/sample-columns.js';

/** Where the lines of a text that is imported go. */
export interface LineTarget {
  /** Empty; a reader puts the samples of a line here. */
  readonly columns: SampleColumns;
  /** Takes what is in `columns`, as samples of a series. @throws SampleLineError if they cannot be stored */
  samples(labels: Labels): void;
  metadata(metadata: MetricMetadata): void;
  exemplars(exemplars: SeriesExemplars): void;
}

/** Reads a text line by line. */
export interface LineReader {
  /** @throws SampleLineError: nothing of the line was handed on then */
  line(text: string): void;
  /** After the last line. */
  end(): void;
}
