/** The YAML library, loaded when it is first used: a start without a configuration file needs none of its hundred files. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export function yaml(): typeof import('yaml') {
  return require('yaml');
}
