/**
 * `narthex translate FILE`: the dry run of the write endpoints without a server. The file is a request as it travels: OTLP in
 * protobuf or JSON, remote write 1.0 or 2.0, bare, in gzip or in snappy; which of these is found out from its bytes.
 */
import fs from 'node:fs';
import zlib from 'node:zlib';
import { ConfigError } from '../config/config-error.js';
import type { Environment } from '../config/environment.js';
import { ingestSettings, otlpSettings } from '../config/ingest-settings.js';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { explainOtlp, explainWrite } from '../ingest/dry-run.js';
import { Ingester } from '../ingest/ingester.js';
import type { TranslationReport } from '../ingest/translation-report.js';
import { SeriesPolicy } from '../ingest/series-policy.js';
import { Relabeling } from '../model/relabel.js';
import type { SampleBatch } from '../model/sample-batch.js';
import type { Appender } from '../storage/appender.js';
import type { CatalogueSink } from '../storage/catalogue-sink.js';
import { jsonKind, protobufKind, type MessageKind } from '../wire/message-kind.js';
import { decodeOtlp } from '../wire/otlp-decode.js';
import { decodeWrite } from '../wire/remote-write.js';
import { uncompressBlock } from '../wire/snappy.js';
import { WireError } from '../wire/wire-error.js';

const USAGE = `usage: narthex translate [<flags of the server>] FILE

Shows as JSON what a request would become: names, labels, collisions, and what would be refused. FILE is the body of an
OTLP export (protobuf or JSON) or of a remote write request, bare, gzip or snappy; - is standard input. Of the flags,
--config.file=... and --enable-feature=... make a difference. All series count as new and all replicas as elected: there is
no store to ask.
`;

/** What a file holds, uncompressed. */
interface Request {
  readonly bytes: Uint8Array;
  readonly kind: MessageKind | undefined;
  readonly encoding: 'protobuf' | 'json';
}

class TranslateError extends Error {
  override name = 'TranslateError';
}

/** @returns the exit code: 0, 1 if the file cannot be read or translated, 2 for a wrong command line or configuration */
export async function translateCommand(argv: readonly string[], env: Environment): Promise<number> {
  const file = argv.at(-1);
  if (file === undefined || argv.includes('--help') || argv.includes('-h')) {
    console.log(USAGE);
    return file === undefined ? 2 : 0;
  }
  try {
    const { config } = loadConfig(argv.slice(0, -1), env);
    console.log(JSON.stringify(translate(fs.readFileSync(file === '-' ? 0 : file), config), undefined, 2));
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(`narthex translate: ${error.message}`);
    return error instanceof ConfigError ? 2 : 1;
  }
}

/** @throws TranslateError, WireError */
export function translate(body: Uint8Array, config: Config): TranslationReport {
  const { bytes, kind, encoding } = open(body, config.limits.max_decoded_body_size_bytes);
  const settings = otlpSettings(config);
  const { relabel_configs: rules, relabel_memory: maxRemembered } = config.ingest;
  const policy = new SeriesPolicy({ relabeling: new Relabeling(rules), maxRemembered });
  const judge = new Ingester(NO_STORE, NO_CATALOGUE, ingestSettings(config), () => Date.now(), nothing, () => policy);
  switch (kind) {
    case 'metrics':
      return explainOtlp(decodeOtlp(bytes, encoding), settings, judge);
    case 'remote write': {
      const version = bytes[0] === TAG_V2_SYMBOLS ? 2 : 1;
      return explainWrite(decodeWrite(bytes, version, ingestSettings(config)), version, judge);
    }
    case undefined:
      throw new TranslateError('this is neither an OTLP export nor a remote write request');
    default:
      throw new TranslateError(`this holds ${kind}, only metrics can be translated`);
  }
}

const TAG_V2_SYMBOLS = 0x22;
const GZIP_MAGIC = [0x1f, 0x8b] as const;
const JSON_START = /^\s*\{/;

function open(body: Uint8Array, maxBytes: number): Request {
  const bytes = body[0] === GZIP_MAGIC[0] && body[1] === GZIP_MAGIC[1] ? zlib.gunzipSync(body, { maxOutputLength: maxBytes }) : body;
  if (JSON_START.test(Buffer.from(bytes.subarray(0, 100)).toString('latin1'))) return { bytes, kind: jsonKind(bytes), encoding: 'json' };
  const kind = protobufKind(bytes);
  if (kind !== undefined) return { bytes, kind, encoding: 'protobuf' };
  try {
    const uncompressed = uncompressBlock(bytes, maxBytes);
    return { bytes: uncompressed, kind: protobufKind(uncompressed), encoding: 'protobuf' };
  } catch (error) {
    if (error instanceof WireError) return { bytes, kind: undefined, encoding: 'protobuf' };
    throw error;
  }
}

const nothing = (): never => {
  throw new TranslateError('nothing is stored here');
};

/** All series are new, no time is wrong. */
const NO_STORE: Appender = {
  appendRemoteWriteV1: nothing,
  appendRemoteWriteV2: nothing,
  appendBatch: nothing,
  appendOtlp: nothing,
  probeBatch: (batch: SampleBatch) => ({ newSeries: new Set(batch.series.keys()), rejects: new Map() }),
};
const ignore = (): void => undefined;
const NO_CATALOGUE: CatalogueSink = { metadata: ignore, exemplars: ignore, rejects: ignore, haElections: ignore };
