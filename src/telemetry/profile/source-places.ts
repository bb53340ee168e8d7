/** Where functions stand in the sources: the build puts each thread into one script, with a map beside it. */
import fs from 'node:fs/promises';
import { SourceMap, type SourceMapPayload } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Place {
  /** '' for what the engine itself does. */
  readonly file: string;
  /** From 1; 0 if unknown. */
  readonly line: number;
}

/** The maps of the scripts that a profile names: read when it is made, and dropped with it, since they have megabytes. */
export class SourcePlaces {
  private readonly maps = new Map<string, SourceMap | undefined>();

  /** Reads the maps of these scripts, as the engine names them: URLs or paths. */
  async read(scripts: Iterable<string>): Promise<void> {
    for (const script of new Set([...scripts].map(fileOf))) {
      if (this.maps.has(script) || !path.isAbsolute(script)) continue;
      // Scripts without a map are named as they are.
      const text = await fs.readFile(`${script}.map`, 'utf8').catch(() => undefined);
      this.maps.set(script, text === undefined ? undefined : new SourceMap(JSON.parse(text) as SourceMapPayload));
    }
  }

  /** `line` and `column` from 0, as the engine counts; below 0 for what has no place. */
  of(script: string, line: number, column: number): Place {
    const file = fileOf(script);
    const map = line >= 0 ? this.maps.get(file) : undefined;
    const origin = map?.findOrigin(line + 1, column + 1);
    if (!origin || !('fileName' in origin)) return { file, line: Math.max(line + 1, 0) };
    return { file: path.resolve(path.dirname(file), origin.fileName), line: origin.lineNumber };
  }
}

function fileOf(script: string): string {
  return script.startsWith('file:') ? fileURLToPath(script) : script;
}
