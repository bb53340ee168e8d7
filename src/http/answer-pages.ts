import type { ApiReply, PageCursor } from '../api/contract.js';
import { asBuffer } from './route.js';

/**
 * The bodies of an answer's pages, each asked for when the one before has been taken: what lies here is a page or two, however large the
 * answer. An error breaks the connection off, since the status is out.
 */
export async function* answerPages(first: ApiReply, nextPage: (cursor: PageCursor) => Promise<ApiReply>): AsyncGenerator<Buffer> {
  for (let page = first; ; ) {
    if (page.body.length > 0) yield asBuffer(page.body);
    if (page.next === undefined) return;
    page = await nextPage(page.next);
  }
}
