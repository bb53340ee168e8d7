import { AppendStatus, REASON } from '../storage/append-status.js';
import type { RejectGroup } from '../storage/ingestion.js';

/** Senders log the text whole, and a proxy may refuse long ones. */
const REJECT_TEXT_BYTES_MAX = 4096;

/**
 * What was not stored: a line for each reason, `out_of_order: 2 samples not stored, for example …`. The reason's name is
 * stable; the example says it in words, with series and times. At most 4 KiB of UTF-8.
 */
export function rejectText(rejects: readonly RejectGroup[], noun: string): string {
  const lines = rejects.map(({ status, count, example }) => {
    const fate = status === AppendStatus.deltaOverlap ? 'stored all the same' : 'not stored';
    return `${REASON[status] ?? `status ${status}`}: ${count} ${noun}${count === 1 ? '' : 's'} ${fate}, for example ${example}`;
  });
  return cutUtf8(lines.join('\n'), REJECT_TEXT_BYTES_MAX);
}

/** True if a repeated request could be stored later: then it must not be answered as final. */
export function isRetryable(rejects: readonly RejectGroup[]): boolean {
  return rejects.some((group) => group.status === AppendStatus.outOfMemory);
}

function cutUtf8(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  const ELLIPSIS_BYTES = 3;
  let end = maxBytes - ELLIPSIS_BYTES;
  // Do not cut inside a character: continuation bytes are 10xxxxxx.
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return `${bytes.toString('utf8', 0, end)}…`;
}
