import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const PROTO = new URL('../../proto/', import.meta.url);

/** A message type from the definitions in `proto/`. */
export function lookupType(file: string, type: string): protobuf.Type {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => (target in protobuf.common ? target : fileURLToPath(new URL(target, PROTO)));
  return root.loadSync(file).lookupType(type);
}
