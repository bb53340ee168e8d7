import { NodeDisk } from '../../src/io/node-disk.js';

/** A disk on which every change of names fails from the n-th on, as if the process had ended. What is written stays written. */
export class StoppingDisk extends NodeDisk {
  /** Changes that are still made; below zero once one was not. */
  left = Infinity;

  override rename(from: string, to: string): void {
    this.step();
    super.rename(from, to);
  }

  override remove(file: string): void {
    this.step();
    super.remove(file);
  }

  override removeDirectory(file: string): void {
    this.step();
    super.removeDirectory(file);
  }

  override syncDirectorySync(file: string): void {
    this.step();
    super.syncDirectorySync(file);
  }

  private step(): void {
    if (--this.left < 0) throw new Error('the process has ended');
  }
}
