import { METRIC_NAME } from '../model/labels.js';
import { BYTES, type ProtoReader } from './proto-reader.js';
import { WireError } from './wire-error.js';

/**
 * Label bytes that one request may expand to: many labels may point at one long symbol, so a small body can mean
 * gigabytes of strings (prometheus/prometheus pull 18681 proposes the same limit).
 */
const EXPANDED_BYTES_MAX = 32 * 1024 * 1024;

/** The strings of a remote write 2.0 request, and the ways in which references to them can be wrong. */
export class SymbolTable {
  private readonly symbols: string[] = [];
  private readonly sizes: number[] = [];
  /** Symbols that are not UTF-8. Only series that use one are refused. */
  private readonly illFormed = new Set<number>();
  private expandedBytes = 0;

  get size(): number {
    return this.symbols.length;
  }

  /** Adds the string of the reader's current field. */
  add(reader: ProtoReader): void {
    reader.illFormed = false;
    const before = reader.pos;
    const symbol = reader.expect(BYTES).text();
    if (reader.illFormed) this.illFormed.add(this.symbols.length);
    this.symbols.push(symbol);
    this.sizes.push(reader.pos - before);
  }

  /** The symbol, or undefined if the reference is out of range. */
  get(ref: number): string | undefined {
    return this.symbols[ref];
  }

  /**
   * Appends the label pairs that `refs` stand for. @returns what is wrong with the references, undefined if nothing.
   * @throws WireError `too_large` when the request's labels expand beyond the limit.
   */
  expand(refs: readonly number[], names: string[], values: string[]): string | undefined {
    if (refs.length % 2 !== 0) return `invalid labelRefs length ${refs.length}`;
    for (let i = 0; i < refs.length; i += 2) {
      const nameRef = refs[i]!;
      const valueRef = refs[i + 1]!;
      if (nameRef >= this.symbols.length || valueRef >= this.symbols.length) {
        return `labelRefs ${nameRef} (name) = ${valueRef} (value) outside of symbols table (size ${this.symbols.length})`;
      }
      this.expandedBytes += this.sizes[nameRef]! + this.sizes[valueRef]!;
      names.push(this.symbols[nameRef]!);
      values.push(this.symbols[valueRef]!);
    }
    if (this.expandedBytes > EXPANDED_BYTES_MAX) {
      throw new WireError('too_large', `labels expand beyond ${EXPANDED_BYTES_MAX} bytes`);
    }
    return undefined;
  }

  /** True if any of the references names a symbol that is not UTF-8. */
  anyIllFormed(refs: readonly number[]): boolean {
    return this.illFormed.size > 0 && refs.some((ref) => this.illFormed.has(ref));
  }

  /** The metric name among the pairs, as far as the references are good; for messages. */
  metricName(refs: readonly number[]): string {
    for (let i = 0; i + 1 < refs.length; i += 2) {
      if (this.symbols[refs[i]!] === METRIC_NAME) return this.symbols[refs[i + 1]!] ?? '';
    }
    return '';
  }
}
