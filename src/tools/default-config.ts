/** Writes config/default.yaml anew, after a change of the schema: `npm run build && node dist/tools/default-config.js`. */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defaultFile } from '../config/default-file.js';

const target = fileURLToPath(new URL('../../config/default.yaml', import.meta.url));
fs.writeFileSync(target, defaultFile());
console.log(`wrote ${target}`);
