/** Flags of Prometheus 3 that narthex knows and does not follow. */

export interface ForeignFlag {
  /** False: a switch, `--flag` or `--no-flag`. */
  readonly takesValue: boolean;
  readonly reason: string;
}

const value = (reason: string): ForeignFlag => ({ takesValue: true, reason });
const toggle = (reason: string): ForeignFlag => ({ takesValue: false, reason });
const GO_RUNTIME = 'it tunes the Go runtime';
const SCRAPING = 'narthex does not scrape';
const RULES = 'narthex does not evaluate rules';
const ALERTS = 'narthex does not send alerts';
const AGENT = 'there is no agent mode';
const CONSOLES = 'there are no console templates';
const OWN_STORE = 'narthex has its own storage engine';
const NOT_YET = 'not there yet';

/** One warning each. */
export const IGNORED_FLAGS: Readonly<Record<string, ForeignFlag>> = {
  'config.auto-reload-interval': value('reload with POST /-/reload or SIGHUP'),
  'auto-gomaxprocs': toggle(GO_RUNTIME),
  'auto-gomemlimit': toggle(GO_RUNTIME),
  'auto-gomemlimit.ratio': value(GO_RUNTIME),
  'web.user-assets': value(NOT_YET),
  'web.console.templates': value(CONSOLES),
  'web.console.libraries': value(CONSOLES),
  'web.page-title': value('narthex has its own page'),
  'storage.tsdb.no-lockfile': toggle('the data directory is always locked'),
  'storage.tsdb.allow-overlapping-blocks': toggle('overlapping data is always accepted'),
  'storage.tsdb.allow-overlapping-compaction': toggle(OWN_STORE),
  'storage.tsdb.wal-compression': toggle(OWN_STORE),
  'storage.tsdb.wal-compression-type': value(OWN_STORE),
  'storage.tsdb.wal-segment-size': value('see wal.segment_size'),
  'storage.tsdb.min-block-duration': value('see storage.head.range'),
  'storage.tsdb.max-block-chunk-segment-size': value(OWN_STORE),
  'storage.tsdb.head-chunks-write-queue-size': value(OWN_STORE),
  'storage.tsdb.samples-per-chunk': value(OWN_STORE),
  'storage.tsdb.delayed-compaction.max-percent': value(OWN_STORE),
  'storage.tsdb.delay-compact-file.path': value(OWN_STORE),
  'storage.tsdb.block-reload-interval': value(OWN_STORE),
  'storage.agent.path': value(AGENT),
  'storage.agent.wal-segment-size': value(AGENT),
  'storage.agent.wal-compression': toggle(AGENT),
  'storage.agent.wal-compression-type': value(AGENT),
  'storage.agent.wal-truncate-frequency': value(AGENT),
  'storage.agent.retention.min-time': value(AGENT),
  'storage.agent.retention.max-time': value(AGENT),
  'storage.agent.no-lockfile': toggle(AGENT),
  'storage.remote.flush-deadline': value('narthex does not forward what it receives'),
  'rules.alert.for-outage-tolerance': value(RULES),
  'rules.alert.for-grace-period': value(RULES),
  'rules.alert.resend-delay': value(RULES),
  'rules.max-concurrent-evals': value(RULES),
  'scrape.adjust-timestamps': toggle(SCRAPING),
  'scrape.timestamp-tolerance': value(SCRAPING),
  'scrape.discovery-reload-interval': value(SCRAPING),
  'scrape.name-escaping-scheme': value(SCRAPING),
  'alertmanager.notification-queue-capacity': value(ALERTS),
  'alertmanager.notification-batch-size': value(ALERTS),
  'alertmanager.drain-notification-queue-on-shutdown': toggle(ALERTS),
  'alertmanager.timeout': value(ALERTS),
};

/** Errors: going on without them would do something else than the operator relies on. */
export const REFUSED_FLAGS: Readonly<Record<string, ForeignFlag>> = {
  'web.config.file': value(
    'TLS and authentication are not there yet; starting without them would leave the server open. '
    + 'Put a reverse proxy in front and drop the flag',
  ),
  'agent': toggle('there is no agent mode'),
};
