import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { ServerStatus } from '../../src/http/server-status.js';

const features = (...argv: string[]) => new ServerStatus(loadConfig(argv, {}, () => '', { memoryBytes: 2 ** 33, cores: 2 }), () => 0).features();

it('tells what becomes of deltas, and follows flags', () => {
  expect(features()).toMatchObject({ otlp_receiver: { delta_conversion: true, native_delta_ingestion: false }, api: { admin: false, search: false } });
  expect(features('--enable-feature=otlp-native-delta-ingestion,search-api', '--web.enable-admin-api')).toMatchObject({
    otlp_receiver: { delta_conversion: false, native_delta_ingestion: true }, api: { admin: true, search: true },
  });
});
