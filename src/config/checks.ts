/** Rules that concern more than one key, or more than a type can say. Wording as upstream where upstream has the rule. */
import { RegexTest } from '../model/regex-engine.js';
import { RelabelError, Relabeling } from '../model/relabel.js';
import type { ConfigErrorCode, ConfigProblem } from './config-error.js';
import { REMOTE_WRITE_MESSAGES, type Config } from './schema.js';

/** `where` gives the place where the user set a key, for the message. */
export function checkRules(config: Config, where: (path: string) => string): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report = (path: string, message: string, code: ConfigErrorCode = 'invalid_value') => {
    problems.push({ code, keyPath: path, where: where(path), message });
  };
  checkOtlp(config, report);
  checkOtlpListeners(config, report);
  checkExternalLabels(config, report);
  checkIngest(config, report);
  checkWeb(config, report);
  return problems;
}

type Report = (path: string, message: string, code?: ConfigErrorCode) => void;

function checkOtlp({ otlp, global }: Config, report: Report): void {
  const { promote_resource_attributes: promoted, ignore_resource_attributes: skipped } = otlp;
  if (otlp.promote_all_resource_attributes && promoted.length > 0) {
    report(
      'otlp.promote_all_resource_attributes',
      '\'promote_all_resource_attributes\' and \'promote_resource_attributes\' cannot be configured simultaneously', 'conflict',
    );
  }
  if (!otlp.promote_all_resource_attributes && skipped.length > 0) {
    report(
      'otlp.ignore_resource_attributes',
      '\'ignore_resource_attributes\' cannot be configured unless \'promote_all_resource_attributes\' is true', 'conflict',
    );
  }
  for (const path of ['promote_resource_attributes', 'ignore_resource_attributes'] as const) {
    const twice = otlp[path].find((name, i) => otlp[path].indexOf(name) !== i);
    if (twice !== undefined) report(`otlp.${path}`, `duplicated attribute ${JSON.stringify(twice)}`);
  }
  const keepsDots = otlp.translation_strategy === 'NoTranslation' || otlp.translation_strategy === 'NoUTF8EscapingWithSuffixes';
  if (keepsDots && global.metric_name_validation_scheme === 'legacy') {
    const strategy = otlp.translation_strategy;
    report('otlp.translation_strategy', `OTLP translation strategy "${strategy}" is not allowed when UTF8 is disabled`, 'conflict');
  }
}

function checkOtlpListeners({ otlp }: Config, report: Report): void {
  for (const key of ['grpc_listen_address', 'http_listen_address'] as const) {
    const written = otlp[key];
    if (written === 'auto' || written === 'off' || parseListenAddress(written) !== undefined) continue;
    report(`otlp.${key}`, `"${written}" is not host:port, :port, auto or off`);
  }
}

function checkExternalLabels({ global }: Config, report: Report): void {
  for (const name of Object.keys(global.external_labels)) {
    const valid = global.metric_name_validation_scheme === 'legacy' ? /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) : name !== '';
    if (!valid) report('global.external_labels', `"${name}" is not a valid label name`);
  }
}

function checkIngest({ ingest }: Config, report: Report): void {
  try {
    void new Relabeling(ingest.relabel_configs);
  } catch (error) {
    if (!(error instanceof RelabelError)) throw error;
    report('ingest.relabel_configs', error.message);
  }
  const { ha } = ingest;
  if (ha.failover_timeout_ms <= ha.update_timeout_ms) {
    report('ingest.ha.failover_timeout', 'must be longer than ingest.ha.update_timeout', 'conflict');
  }
  if (ha.cluster_label === ha.replica_label) report('ingest.ha.replica_label', 'must be another label than ingest.ha.cluster_label');
}

function checkWeb({ web }: Config, report: Report): void {
  const messages: readonly string[] = REMOTE_WRITE_MESSAGES;
  for (const message of web.remote_write_receiver.accepted_protobuf_messages) {
    if (messages.includes(message)) continue;
    report('web.remote_write_receiver.accepted_protobuf_messages',
      `unknown remote write protobuf message ${message}, supported: ${messages.join(', ')}`);
  }
  for (const address of web.listen_address) {
    if (parseListenAddress(address) === undefined) report('web.listen_address', `"${address}" is not host:port or :port`);
  }
  if (web.external_url !== '' && !(/^https?:/.test(web.external_url) && URL.canParse(web.external_url))) {
    report('web.external_url', `"${web.external_url}" is not an http or https URL`);
  }
  try {
    void new RegexTest(web.cors_origin);
  } catch (error) {
    report('web.cors_origin', `not a valid regular expression: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** `host:port`, `[::1]:9090` or `:9090`; undefined if it is none of them. `host` '' means all addresses, port 0 any free one. */
export function parseListenAddress(address: string): { host: string; port: number } | undefined {
  const match = /^(\[[0-9a-fA-F:.%]+\]|[^:[\]]*):(\d{1,5})$/.exec(address);
  if (!match || Number(match[2]) > 65_535) return undefined;
  return { host: match[1]!.replace(/^\[|\]$/g, ''), port: Number(match[2]) };
}
