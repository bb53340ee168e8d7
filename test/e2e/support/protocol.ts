/** The ways in which samples are sent. */
import { exportGauges } from '../../support/otlp-client.js';
import { write, type WriteAnswer, type WriteSeries } from '../../support/remote-write-client.js';

export type Protocol = 'remote write 1' | 'remote write 2' | 'OTLP';

/** Of one sender each. */
export const PROTOCOLS: readonly Protocol[] = ['remote write 1', 'remote write 2', 'OTLP', 'remote write 1'];

/** By OTLP as gauges, without histograms. @throws TypeError if there is no answer */
export function send(protocol: Protocol, url: string, series: readonly WriteSeries[]): Promise<WriteAnswer> {
  return protocol === 'OTLP' ? exportGauges(url, series) : write(url, protocol === 'remote write 1' ? 1 : 2, series);
}

/** Status and text of the answer if all of it was taken. */
export function success(protocol: Protocol): string {
  return protocol === 'OTLP' ? '200 ' : '204 ';
}
