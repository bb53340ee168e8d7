import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { NodeDisk } from '../../io/node-disk.js';
import type { Queryable } from '../../storage/queryable.js';
import { sealHead } from '../../tsdb/compact/seal-head.js';
import { HeadSet } from '../../tsdb/head-set.js';
import { loadCodecModule } from '../../tsdb/kernel-loader.js';
import { compiledKernels, HeadScriptStorage } from './head-script-storage.js';
import type { ScriptStorage } from './runner.js';

/** Slot of the sealing reader in the heads' arenas: 0 is the writer's, 1 that of the heads' own queryable. */
const SEAL_SLOT = 2;
const CACHE_BYTES = 16 * 1024 * 1024;

let codec: WebAssembly.Module | undefined;

/** As heads, but what is asked are blocks made of them, in a directory that `close` removes. Needs the built kernels. */
export function createBlockStorage(): ScriptStorage {
  codec ??= loadCodecModule();
  return new BlockScriptStorage(codec);
}

class BlockScriptStorage extends HeadScriptStorage {
  private readonly disk = new NodeDisk();
  private readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-conformance-'));
  private readonly blocks: HeadSet;
  private nextId = 1;

  constructor(private readonly codecModule: WebAssembly.Module) {
    super();
    this.blocks = new HeadSet(compiledKernels(), SEAL_SLOT, { codec: codecModule, cacheBytes: CACHE_BYTES });
  }

  override get queryable(): Queryable {
    return this.blocks;
  }

  override commit(): void {
    super.commit();
    // A block never changes: those of the load before are replaced as a whole.
    this.removeBlocks();
    this.blocks.update((this.heads?.descriptors() ?? []).map((head) => {
      const id = this.nextId++;
      const file = path.join(this.directory, `${id}.block`);
      sealHead(this.disk, { kernels: compiledKernels(), codec: this.codecModule, head, readerSlot: SEAL_SLOT, file });
      return { id, mint: head.mint, maxt: head.maxt, file };
    }));
  }

  override clear(): void {
    super.clear();
    this.removeBlocks();
  }

  override close(): void {
    this.clear();
    fs.rmSync(this.directory, { recursive: true, force: true });
  }

  private removeBlocks(): void {
    this.blocks.update([]);
    for (const name of fs.readdirSync(this.directory)) fs.rmSync(path.join(this.directory, name));
  }
}
