export type CatalogueErrorCode =
  /** A newer narthex wrote the file. */
  | 'newer_schema'
  /** The file exists, but migrations are still to be applied (readers do not migrate). */
  | 'older_schema'
  /** The migration files of the installation are incomplete or contradict each other. */
  | 'bad_migrations'
  /** The file cannot be opened, created or understood. */
  | 'unreadable';

/** The catalogue cannot be used. The message names the file and what to do. */
export class CatalogueError extends Error {
  override name = 'CatalogueError';
  constructor(
    readonly code: CatalogueErrorCode,
    readonly file: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
