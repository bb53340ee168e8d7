/** Time as an argument: nothing below `main` asks the system itself, so that tests decide what time it is. */
export interface Clock {
  /** Milliseconds since the epoch. May jump when the system's clock is set. */
  nowMs(): number;
  /** Milliseconds since some start; never goes back. For durations. */
  monotonicMs(): number;
  /** Calls once, after `delayMs`. Keeps the process alive until then: somebody may be waiting. */
  after(delayMs: number, call: () => void): Timer;
  /** Calls every `intervalMs` until cancelled. The timer does not keep the process alive. */
  every(intervalMs: number, call: () => void): Timer;
}

export interface Timer {
  /** Nothing is called afterwards. May be called more than once. */
  cancel(): void;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, call) {
    const timer = setTimeout(call, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  every(intervalMs, call) {
    const timer = setInterval(call, intervalMs);
    timer.unref();
    return { cancel: () => clearInterval(timer) };
  },
};

/** Resolves after `delayMs`. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
