import type { Database, Statement } from 'better-sqlite3';

/** Small facts that outlive the process, by name. */
export class SettingTable {
  private readonly select: Statement<[string], { value: string }>;
  private readonly upsert: Statement<[string, string, number]> | undefined;

  constructor(database: Database) {
    this.select = database.prepare('SELECT value FROM setting WHERE name = ?');
    this.upsert = database.readonly ? undefined : database.prepare(
      `INSERT INTO setting (name, value, updated_ms) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_ms = excluded.updated_ms`,
    );
  }

  get(name: string): string | undefined {
    return this.select.get(name)?.value;
  }

  /** @throws TypeError on a connection that only reads */
  set(name: string, value: string, atMs: number): void {
    if (!this.upsert) throw new TypeError(`setting ${name}: the connection only reads`);
    this.upsert.run(name, value, atMs);
  }
}
