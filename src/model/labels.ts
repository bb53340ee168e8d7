/**
 * Label sets. A label set is two parallel arrays, sorted by name in UTF-8 byte order, without empty values
 * (a label with an empty value does not exist, as in Prometheus). Immutable once made.
 */

export const METRIC_NAME = '__name__';

const ESCAPE_FROM = 0xd800;

/**
 * Byte order of the UTF-8 forms of two strings. JavaScript's `<` compares UTF-16 units, which differs once
 * surrogates meet U+E000..U+FFFF; Prometheus, SQLite and our indexes all sort by bytes.
 */
export function compareUtf8(a: string, b: string): number {
  const n = a.length < b.length ? a.length : b.length;
  for (let i = 0; i < n; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x === y) continue;
    if (x >= ESCAPE_FROM && y >= ESCAPE_FROM) {
      // Move surrogates above the rest of the BMP: that is where their UTF-8 forms sort.
      x = x >= 0xe000 ? x - 0x800 : x + 0x2000;
      y = y >= 0xe000 ? y - 0x800 : y + 0x2000;
    }
    return x - y;
  }
  return a.length - b.length;
}

export class Labels {
  static readonly EMPTY = new Labels([], []);

  private joined: string | undefined;
  /** JSON of the set; '' if it needs escapes. */
  private json: string | undefined;
  private wasWritten = false;

  private constructor(
    readonly names: readonly string[],
    readonly values: readonly string[],
  ) {}

  /** Takes ownership of two arrays that are already sorted by name, without repeats or empty values. */
  static fromSorted(names: readonly string[], values: readonly string[]): Labels {
    return names.length === 0 ? Labels.EMPTY : new Labels(names, values);
  }

  /** Sorts, drops empty values; of a repeated name the last value stays. */
  static fromPairs(pairs: Iterable<readonly [string, string]>): Labels {
    const byName = pairs instanceof Map ? pairs as ReadonlyMap<string, string> : new Map(pairs);
    const names: string[] = [];
    for (const [name, value] of byName) if (value !== '') names.push(name);
    names.sort(compareUtf8);
    const values: string[] = [];
    for (const name of names) values.push(byName.get(name)!);
    return Labels.fromSorted(names, values);
  }

  static fromObject(object: Readonly<Record<string, string>>): Labels {
    return Labels.fromPairs(Object.entries(object));
  }

  get length(): number {
    return this.names.length;
  }

  /** The value of a label, '' when the set does not have it. */
  get(name: string): string {
    const i = this.names.indexOf(name);
    return i < 0 ? '' : this.values[i]!;
  }

  get metricName(): string {
    return this.get(METRIC_NAME);
  }

  /** The same set without the given names. */
  without(drop: ReadonlySet<string>): Labels {
    return this.filter((name) => !drop.has(name));
  }

  /** The same set reduced to the given names. */
  keep(names: ReadonlySet<string>): Labels {
    return this.filter((name) => names.has(name));
  }

  withoutName(): Labels {
    return this.names.includes(METRIC_NAME) ? this.filter((name) => name !== METRIC_NAME) : this;
  }

  /** The same set with one label put, replaced or (value '') removed. */
  with(name: string, value: string): Labels {
    const names: string[] = [];
    const values: string[] = [];
    let placed = value === '';
    for (let i = 0; i < this.names.length; i++) {
      const current = this.names[i]!;
      if (!placed && compareUtf8(name, current) <= 0) {
        names.push(name);
        values.push(value);
        placed = true;
      }
      if (current === name) continue;
      names.push(current);
      values.push(this.values[i]!);
    }
    if (!placed) {
      names.push(name);
      values.push(value);
    }
    return Labels.fromSorted(names, values);
  }

  /** A string that is equal for equal sets only (0xff-like separators cannot occur in valid UTF-8 text). */
  key(): string {
    if (this.joined === undefined) {
      let out = '';
      for (let i = 0; i < this.names.length; i++) out += `${this.names[i]}\udfff${this.values[i]}\udffe`;
      this.joined = out;
    }
    return this.joined;
  }

  /**
   * The set as a JSON object. Kept, but from the second call on only: sets of the store are written in one answer after the other, those
   * that a query makes in one. undefined at the first call, and for texts that need escapes (or are not in Unicode's first plane).
   */
  keptJson(): string | undefined {
    if (this.json === undefined) {
      if (!this.wasWritten) {
        this.wasWritten = true;
        return undefined;
      }
      let text = '';
      for (let i = 0; i < this.names.length; i++) text += `${i === 0 ? '' : ','}"${this.names[i]}":"${this.values[i]}"`;
      this.json = this.names.some(needsEscapes) || this.values.some(needsEscapes) ? '' : `{${text}}`;
    }
    return this.json === '' ? undefined : this.json;
  }

  equals(other: Labels): boolean {
    return this === other || (this.names.length === other.names.length && this.key() === other.key());
  }

  toObject(): Record<string, string> {
    // A null prototype, so that a label called __proto__ is a label.
    const out: Record<string, string> = Object.create(null);
    for (let i = 0; i < this.names.length; i++) out[this.names[i]!] = this.values[i]!;
    return out;
  }

  /** PromQL notation, for messages: `name{a="b"}`. */
  toString(): string {
    const parts: string[] = [];
    for (let i = 0; i < this.names.length; i++) {
      if (this.names[i] !== METRIC_NAME) parts.push(`${this.names[i]}=${JSON.stringify(this.values[i])}`);
    }
    const name = this.metricName;
    return parts.length === 0 && name !== '' ? name : `${name}{${parts.join(', ')}}`;
  }

  private filter(keepName: (name: string) => boolean): Labels {
    const names: string[] = [];
    const values: string[] = [];
    for (let i = 0; i < this.names.length; i++) {
      if (!keepName(this.names[i]!)) continue;
      names.push(this.names[i]!);
      values.push(this.values[i]!);
    }
    return names.length === this.names.length ? this : Labels.fromSorted(names, values);
  }
}

/** Quotes, backslashes, control characters, surrogates. */
function needsEscapes(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x20 || c === 0x22 || c === 0x5c || (c >= 0xd800 && c < 0xe000)) return true;
  }
  return false;
}

/** Order of label sets as in Prometheus: label by label (name, then value), a shorter set first. */
export function compareLabels(a: Labels, b: Labels): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    // Sets of one store share their texts, and then most are told equal without looking at a character.
    const [nameA, nameB] = [a.names[i]!, b.names[i]!];
    if (nameA !== nameB) return compareUtf8(nameA, nameB);
    const [valueA, valueB] = [a.values[i]!, b.values[i]!];
    if (valueA !== valueB) return compareUtf8(valueA, valueB);
  }
  return a.length - b.length;
}
