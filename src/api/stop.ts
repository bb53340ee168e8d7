/** How handlers that run without the engine end when their request is not wanted any more. */
import { RegexBudget } from '../model/regex-limits.js';
import type { SelectHints } from '../storage/queryable.js';
import type { ApiContext } from './contract.js';
import { ApiError } from './error-types.js';

/** Hints of a selection whose samples are of no interest, or only the newest ones. */
export function stoppable(context: Pick<ApiContext, 'stopRequested'>): SelectHints {
  return { func: '', rangeMs: 0, stepMs: 0, poll: () => throwIfStopped(context) };
}

/** For the regular expressions of a request. */
export function stoppableRegexes(context: Pick<ApiContext, 'stopRequested'>): RegexBudget {
  return new RegexBudget(() => throwIfStopped(context));
}

/** @throws ApiError timeout or canceled, for handlers that run without the engine */
export function throwIfStopped(context: Pick<ApiContext, 'stopRequested'>): void {
  const reason = context.stopRequested();
  if (reason === 'timeout') throw new ApiError('timeout', 'query timed out in query execution');
  if (reason === 'canceled') throw new ApiError('canceled', 'query was canceled in query execution');
}
