/**
 * What decides whether a sample's time is acceptable, fixed at the start of a request as Prometheus does (`tsdb/head_append.go`):
 * everything is measured from the newest sample of any series, not from the clock.
 */
import { AppendStatus } from '../../storage/append-status.js';

/** Without a window, samples may be this far behind the newest one (Prometheus: half of its 2 h block range). */
const IN_ORDER_MARGIN_MS = 3_600_000;

export interface TimeRules {
  /** Newest sample of the whole store, -Infinity if it is empty. */
  readonly newest: number;
  readonly windowMs: number;
  /** Samples of a series that rise in time are accepted from here on. */
  readonly minValid: number;
  /** Nothing older can be accepted, whatever its series. */
  readonly lowest: number;
  /** Nothing newer is accepted: the server's clock plus the tolerated difference. */
  readonly notAfter: number;
}

export function timeRules(newest: number, windowMs: number, nowMs: number, maxFutureMs: number): TimeRules {
  const minValid = newest - IN_ORDER_MARGIN_MS;
  return {
    newest,
    windowMs,
    minValid,
    lowest: windowMs > 0 ? Math.min(minValid, newest - windowMs) : minValid,
    notAfter: nowMs + maxFutureMs,
  };
}

/**
 * Status of a sample whose time is free. `seriesNewest` is the newest sample of its series (-Infinity: none). `AppendStatus.ok`
 * if it is to be stored.
 */
export function judgeTime(rules: TimeRules, t: number, seriesNewest: number): AppendStatus {
  if (t > rules.notAfter) return AppendStatus.farFuture;
  if (t >= rules.minValid && t > seriesNewest) return AppendStatus.ok;
  if (rules.windowMs > 0) return t >= rules.newest - rules.windowMs ? AppendStatus.ok : AppendStatus.tooOld;
  return t < rules.minValid ? AppendStatus.outOfBounds : AppendStatus.outOfOrder;
}
