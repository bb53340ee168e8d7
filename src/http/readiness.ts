/** Progress of the log replay, in segments, as /api/v1/status/walreplay shows it. */
export interface ReplayProgress {
  readonly min: number;
  readonly max: number;
  readonly current: number;
}

/**
 * Where the server is in its life. It listens from the first moment on, so that health checks and the replay status
 * answer; everything that needs the store waits for `ready`.
 */
export class Readiness {
  private current: 'starting' | 'ready' | 'stopping' = 'starting';
  replay: ReplayProgress = { min: 0, max: 0, current: 0 };

  get state(): 'starting' | 'ready' | 'stopping' {
    return this.current;
  }

  becomeReady(): void {
    // A stop that was asked for during the replay stays.
    if (this.current === 'starting') this.current = 'ready';
  }

  stop(): void {
    this.current = 'stopping';
  }
}
