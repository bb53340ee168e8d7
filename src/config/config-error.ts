/** What can be wrong with a configuration. Stable: `narthex --config.file=…` prints it and tools may match it. */
export type ConfigErrorCode =
  | 'unreadable_file' | 'invalid_yaml' | 'unknown_key' | 'invalid_value' | 'conflict'
  | 'unknown_flag' | 'missing_flag_value' | 'repeated_flag' | 'unsupported_flag' | 'unexpected_argument';

export interface ConfigProblem {
  readonly code: ConfigErrorCode;
  /** `storage.tsdb.path`; '' if the problem is not about one key. */
  readonly keyPath: string;
  /** Where the user wrote it: `prometheus.yml:12`, `NARTHEX_LOG_LEVEL`, `--log.level`. */
  readonly where: string;
  readonly message: string;
}

/** All problems that one reading of the configuration found, so that they can be mended in one go. Never empty. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly code: ConfigErrorCode;
  readonly keyPath: string;

  constructor(readonly problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super(problems.map(problemText).join('\n'), options);
    this.code = problems[0]?.code ?? 'invalid_value';
    this.keyPath = problems[0]?.keyPath ?? '';
  }
}

function problemText({ where, keyPath, message }: ConfigProblem): string {
  return [where, keyPath, message].filter((part) => part !== '').join(': ');
}
