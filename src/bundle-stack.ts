/** Stack traces of a bundle in terms of its sources, for `node --enable-source-maps`: Node maps only what its own loaders have read. */
import fs from 'node:fs';
import { SourceMap } from 'node:module';
import path from 'node:path';

/** @param bundle a script with its map beside it, which is read when a stack is first asked for: it has megabytes */
export function mapStacksOf(bundle: string): void {
  let map: SourceMap | undefined;
  Error.prepareStackTrace = (error, frames) => {
    map ??= new SourceMap(JSON.parse(fs.readFileSync(`${bundle}.map`, 'utf8')));
    const lines = frames.map((frame) => {
      const text = frame.toString();
      const [line, column] = [frame.getLineNumber(), frame.getColumnNumber()];
      if (frame.getFileName() !== bundle || line === null || column === null) return `\n    at ${text}`;
      const origin = map!.findOrigin(line, column);
      if (!('fileName' in origin)) return `\n    at ${text}`;
      const source = path.resolve(path.dirname(bundle), origin.fileName);
      return `\n    at ${text.replace(`${bundle}:${line}:${column}`, `${source}:${origin.lineNumber}:${origin.columnNumber}`)}`;
    });
    return `${Error.prototype.toString.call(error)}${lines.join('')}`;
  };
}
