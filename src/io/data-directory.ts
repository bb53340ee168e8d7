import fs from 'node:fs';
import { errnoOf } from './disk.js';

/** The data directory cannot be used, and the message says what an operator has to change. */
export class DataDirectoryError extends Error {
  override name = 'DataDirectoryError';
  readonly code = 'data_directory';
  constructor(readonly directory: string, what: string, cause: unknown) {
    super(`the data directory ${directory} (storage.tsdb.path) cannot be used: ${what}`, { cause });
  }
}

/** Makes the directory if need be, and finds out whether files can be made in it. @throws DataDirectoryError */
export function prepareDataDirectory(directory: string): void {
  try {
    fs.mkdirSync(directory, { recursive: true });
    fs.accessSync(directory, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    throw new DataDirectoryError(directory, explain(error), error);
  }
}

function explain(error: unknown): string {
  const user = process.getuid === undefined ? 'this user' : `user ${process.getuid()}`;
  switch (errnoOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return `${user} may not write there; give it the directory (chown), or name another one`;
    case 'EROFS':
      return 'its file system is mounted read-only';
    case 'EEXIST':
    case 'ENOTDIR':
      return 'it, or something on the way to it, is a file and not a directory';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'there is no space left on its file system';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
