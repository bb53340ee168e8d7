/** The engine's inspector in every thread of this process: the same protocol that developer tools speak, without a socket. */
import { Session } from 'node:inspector/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a busy thread may take to answer: it does so between two instructions, but a machine can be busier. */
const ANSWER_MS_MAX = 10_000;

export interface ThreadSession {
  /** `main`, or the file that the thread runs and its number. */
  readonly name: string;
  /** File that the thread runs. */
  readonly file: string;
  /** The result of a method of the protocol. @throws Error if the thread refuses, ends, or does not answer in time */
  post(method: string, params?: object): Promise<unknown>;
}

interface WorkerInfo {
  readonly workerId: string;
  readonly url: string;
}

interface WorkerMessage {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

interface Waiting {
  readonly workerSession: string;
  readonly settle: (message: WorkerMessage) => void;
}

/** Open from `open` to `close`; threads that begin in between are added. */
export class ThreadSessions {
  readonly threads: ThreadSession[] = [];
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;

  private constructor(private readonly session: Session) {}

  static async open(): Promise<ThreadSessions> {
    const session = new Session();
    session.connect();
    const sessions = new ThreadSessions(session);
    sessions.threads.push({
      name: 'main', file: process.argv[1] ?? '', post: (method, params) => withinTime(method, postTo(session, method, params)),
    });
    session.on('NodeWorker.attachedToWorker', ({ params }) => sessions.add(params.sessionId, params.workerInfo));
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      const message = JSON.parse(params.message) as WorkerMessage;
      if (message.id !== undefined) sessions.waiting.get(message.id)?.settle(message);
    });
    session.on('NodeWorker.detachedFromWorker', ({ params }) => {
      const ended = { error: { message: 'the thread has ended' } };
      for (const one of sessions.waiting.values()) if (one.workerSession === params.sessionId) one.settle(ended);
    });
    // Its answer comes after the events for all threads there are.
    await session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
    return sessions;
  }

  close(): void {
    this.session.disconnect();
  }

  private add(workerSession: string, { url, workerId }: WorkerInfo): void {
    const file = url.startsWith('file:') ? fileURLToPath(url) : url;
    this.threads.push({
      name: `${path.basename(file, '.js')} ${workerId}`,
      file,
      post: (method, params = {}) => withinTime(method, this.postToWorker(workerSession, method, params)),
    });
  }

  private postToWorker(workerSession: string, method: string, params: object): Promise<unknown> {
    const id = ++this.lastId;
    return new Promise<unknown>((resolve, reject) => {
      const settle = ({ result, error }: WorkerMessage): void => {
        this.waiting.delete(id);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result);
      };
      this.waiting.set(id, { workerSession, settle });
      const message = JSON.stringify({ id, method, params });
      this.session.post('NodeWorker.sendMessageToWorker', { sessionId: workerSession, message })
        .catch((error: unknown) => settle({ error: { message: String(error) } }));
    });
  }
}

/** The types of `post` know each method by itself; here it is a value. */
function postTo(session: Session, method: string, params: object | undefined): Promise<unknown> {
  const post = session.post.bind(session) as (method: string, params?: object) => Promise<unknown>;
  return post(method, params);
}

async function withinTime<T>(method: string, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${method}: no answer within ${ANSWER_MS_MAX} ms`)), ANSWER_MS_MAX);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
