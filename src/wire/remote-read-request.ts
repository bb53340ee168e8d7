/** `prometheus.ReadRequest` (proto/prompb/remote.proto): what a remote read client asks for. */
import type { MatchType } from '../model/matcher.js';
import { BYTES, ProtoReader, VARINT } from './proto-reader.js';
import { asWireError, WireError } from './wire-error.js';

/** Numbers of `ReadRequest.ResponseType`. */
export const ReadResponseType = { samples: 0, streamedXorChunks: 1 } as const;
export type ReadResponseType = (typeof ReadResponseType)[keyof typeof ReadResponseType];

export interface ReadMatcher {
  readonly type: MatchType;
  readonly name: string;
  readonly value: string;
}

export interface ReadQuery {
  /** ms, both ends inclusive. */
  readonly mint: number;
  readonly maxt: number;
  readonly matchers: readonly ReadMatcher[];
}

export interface ReadRequestMessage {
  readonly queries: readonly ReadQuery[];
  /** The first of the accepted types that is known; `undefined` if none is. */
  readonly responseType: ReadResponseType | undefined;
}

const MATCH_TYPES: readonly MatchType[] = ['=', '!=', '=~', '!~'];
/** Each query is a selection of its own. Prometheus sends one; a client with more than this is broken. */
const QUERIES_MAX = 1000;

/**
 * Decodes an uncompressed message. Hints are advice and not read.
 * @throws WireError `corrupt`
 */
export function decodeReadRequest(bytes: Uint8Array): ReadRequestMessage {
  try {
    return request(new ProtoReader(bytes));
  } catch (error) {
    throw asWireError('remote read', error);
  }
}

function request(reader: ProtoReader): ReadRequestMessage {
  const queries: ReadQuery[] = [];
  const accepted: number[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        if (queries.length === QUERIES_MAX) throw new WireError('corrupt', `more than ${QUERIES_MAX} queries in one request`);
        queries.push(query(reader));
        break;
      case 2: {
        const outer = reader.enterNumbers(VARINT);
        while (reader.pos < reader.len) accepted.push(reader.uint32());
        reader.leave(outer);
        break;
      }
      default: reader.skipField();
    }
  }
  return { queries, responseType: accepted.length === 0 ? ReadResponseType.samples : accepted.find(isKnownType) };
}

function isKnownType(type: number): type is ReadResponseType {
  return type === ReadResponseType.samples || type === ReadResponseType.streamedXorChunks;
}

function query(reader: ProtoReader): ReadQuery {
  const matchers: ReadMatcher[] = [];
  let mint = 0;
  let maxt = 0;
  const outer = reader.enter();
  while (reader.next()) {
    switch (reader.field) {
      case 1: mint = reader.expect(VARINT).signed64(); break;
      case 2: maxt = reader.expect(VARINT).signed64(); break;
      case 3: matchers.push(matcher(reader)); break;
      default: reader.skipField();
    }
  }
  reader.leave(outer);
  return { mint, maxt, matchers };
}

function matcher(reader: ProtoReader): ReadMatcher {
  let type = 0;
  let name = '';
  let value = '';
  const outer = reader.enter();
  while (reader.next()) {
    switch (reader.field) {
      case 1: type = reader.expect(VARINT).uint32(); break;
      case 2: name = reader.expect(BYTES).text(); break;
      case 3: value = reader.expect(BYTES).text(); break;
      default: reader.skipField();
    }
  }
  reader.leave(outer);
  const known = MATCH_TYPES[type];
  if (known === undefined) throw new WireError('corrupt', `invalid matcher type ${type}`);
  return { type: known, name, value };
}
