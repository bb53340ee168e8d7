/** Notices for people who look at the server, with the texts of Prometheus (util/notifications): its web UI shows them as banners. */

const NOTICES = {
  starting: 'Prometheus is starting and replaying the write-ahead log (WAL).',
  stopping: 'Prometheus is shutting down and gracefully stopping all operations.',
  reloadFailed: 'Configuration reload has failed.',
} as const;
export type Notice = keyof typeof NOTICES;

export interface Notification {
  readonly text: string;
  /** RFC 3339: when it began. */
  readonly date: string;
  readonly active: boolean;
}

export interface NotificationListener {
  notify(notification: Notification): void;
  /** No more will come. */
  end(): void;
}

/** What is the matter now, and who wants to be told of changes (`/notifications/live`). */
export class Notifications {
  private readonly active = new Map<Notice, Notification>();
  private readonly listeners = new Set<NotificationListener>();
  private closed = false;

  /** @param maxListeners connections that may listen at a time */
  constructor(private readonly nowMs: () => number, private readonly maxListeners: number) {}

  set(notice: Notice, active: boolean): void {
    const known = this.active.get(notice);
    if ((known !== undefined) === active) return;
    const changed = known ? { ...known, active: false } : this.begin(notice);
    if (active) this.active.set(notice, changed);
    else this.active.delete(notice);
    for (const listener of this.listeners) listener.notify(changed);
  }

  private begin(notice: Notice): Notification {
    return { text: NOTICES[notice], date: new Date(this.nowMs()).toISOString(), active: true };
  }

  list(): readonly Notification[] {
    return [...this.active.values()];
  }

  /** Tells the listener what is active, and then every change. False if there are too many, or no more to come. */
  subscribe(listener: NotificationListener): boolean {
    if (this.closed || this.listeners.size >= this.maxListeners) return false;
    this.listeners.add(listener);
    for (const notification of this.active.values()) listener.notify(notification);
    return true;
  }

  unsubscribe(listener: NotificationListener): void {
    this.listeners.delete(listener);
  }

  /** Ends all subscriptions, which otherwise never end by themselves: part of the orderly shutdown. */
  close(): void {
    this.closed = true;
    for (const listener of this.listeners) listener.end();
    this.listeners.clear();
  }
}
