import type { ApiReply, ApiRequest } from '../api/contract.js';
import type { StopReason } from './messages.js';
import { AdmissionError, type CancelSignal } from './query-service.js';

/** Longest delay that setTimeout takes; beyond it, it fires at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** One request on its way: settles once, and watches its deadline and the caller's signal until then. */
export class QueryJob {
  readonly promise: Promise<ApiReply>;
  private readonly createdAt = performance.now();
  private resolve: (reply: ApiReply) => void = () => {};
  private reject: (error: AdmissionError) => void = () => {};
  private readonly timer: NodeJS.Timeout;
  private readonly onAbort: () => void;

  /** @param onStop called at most once per reason, never after the job has settled */
  constructor(
    readonly id: number,
    readonly request: ApiRequest,
    private readonly signal: CancelSignal,
    onStop: (job: QueryJob, reason: StopReason) => void,
  ) {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.onAbort = () => onStop(this, 'canceled');
    signal.addEventListener('abort', this.onAbort, { once: true });
    const leftMs = Math.min(TIMER_MAX_MS, Math.max(0, request.deadlineMs - Date.now()));
    this.timer = setTimeout(() => onStop(this, 'timeout'), leftMs);
  }

  /** The request as a worker gets it: with the time that it waited until now. */
  dispatch(): ApiRequest {
    return { ...this.request, queuedMs: performance.now() - this.createdAt };
  }

  succeed(reply: ApiReply): void {
    this.settle();
    this.resolve(reply);
  }

  fail(error: AdmissionError): void {
    this.settle();
    this.reject(error);
  }

  private settle(): void {
    clearTimeout(this.timer);
    this.signal.removeEventListener('abort', this.onAbort);
  }
}
