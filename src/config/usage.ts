/** The text of `--help`, made from the schema. */
import { FLAG_KEYS } from './flags.js';
import { defaultValue, formatLeaf } from './notation.js';

const WIDTH = 100;
const INDENT = 6;

/** Flags that belong to no key. */
const OTHER_FLAGS: readonly (readonly [flag: string, about: string])[] = [
  ['-h, --help', 'Show this text.'],
  ['--version', 'Show the version.'],
  ['--config.file=prometheus.yml', 'Configuration file. Without the flag, prometheus.yml in the working directory is read if it exists.'],
  ['--enable-feature=NAME,...', 'Features to enable. May be repeated.'],
  ['--web.enable-remote-write-receiver', 'Accepted; the receiver is always on.'],
  ['--web.enable-otlp-receiver', 'Accepted; the receiver is always on.'],
];

const COMMANDS: readonly (readonly [name: string, about: string])[] = [
  ['translate', 'What would become of an OTLP or remote write request.'],
  ['inspect', 'What a data directory, a block or a log is made of.'],
  ['verify', 'Reads everything of one, and names what is damaged.'],
  ['dump', 'Writes its samples, metadata and exemplars as text.'],
  ['import', 'Puts such text, or what promtool dumps, into a data directory.'],
];

export function usage(): string {
  const entries = [
    ...OTHER_FLAGS,
    ...[...FLAG_KEYS].map(([flag, { leaf }]): readonly [string, string] => {
      if (leaf.notation === 'boolean') return [`--[no-]${flag}`, leaf.about];
      const line = `--${flag}=${formatLeaf(leaf, defaultValue(leaf)) || '...'}`;
      return [line.length + 2 <= WIDTH ? line : `--${flag}=...`, leaf.about];
    }),
  ];
  return [
    'usage: narthex [<flags>]',
    '       narthex COMMAND --help',
    '',
    'Receives metrics by OTLP and Prometheus remote write, stores them, answers PromQL.',
    '',
    'Commands, which need no server:',
    ...COMMANDS.map(([name, about]) => `  ${name.padEnd(INDENT + 5)}${about}`),
    '',
    'Precedence: flags, environment (NARTHEX_STORAGE_TSDB_PATH for storage.tsdb.path), file, defaults.',
    'config/default.yaml describes every key of the file.',
    '',
    'Flags:',
    ...entries.flatMap(([flag, about]) => [`  ${flag}`, ...wrap(about).map((line) => ' '.repeat(INDENT) + line)]),
    '',
  ].join('\n');
}

/** Splits a text into lines of at most `width` characters, at spaces. */
export function wrap(text: string, width = WIDTH - INDENT): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
