/**
 * Every key of the configuration, in one table: type, bounds, default, meaning and the reason for the default. The file
 * parser, the environment, `config/default.yaml`, the documentation and the type `Config` are all made from it.
 *
 * A key that Prometheus has as a file key or as a flag keeps its name, place and meaning (a flag `--query.timeout` is
 * the key `query.timeout` here). Keys that only narthex has are marked "Own key".
 */
import type { Features } from './features.js';
import { boolean, choice, duration, integer, list, map, rules, section, size, text, type ValueOf } from './schema-nodes.js';

const MIB = 1024 * 1024;
/**
 * Each thread that reads has a scratch slot in every head; there are 16; the writer and the maker of blocks have one each
 * (kernel/layout).
 */
export const QUERY_WORKERS_MAX = 14;
/** Longest block that compaction makes unless told otherwise, as in Prometheus. */
export const BLOCK_MS_MAX = 31 * 86_400_000;

export const TRANSLATION_STRATEGIES = [
  'UnderscoreEscapingWithSuffixes', 'UnderscoreEscapingWithoutSuffixes', 'NoUTF8EscapingWithSuffixes', 'NoTranslation',
] as const;

/** What becomes of OTLP metrics with delta temporality. */
export const DELTA_TEMPORALITIES = ['cumulative', 'native', 'reject'] as const;

/** Remote write 1.0 and 2.0. */
export const REMOTE_WRITE_MESSAGES = ['prometheus.WriteRequest', 'io.prometheus.write.v2.Request'] as const;

export const configSchema = section('', {
  global: section('As in Prometheus. Keys that only concern scraping are accepted and have no effect.', {
    scrape_interval: duration('1m', {
      about: 'How often Prometheus scrapes. narthex does not scrape; the value is only reported by /api/v1/status/config.',
      why: 'Prometheus\' default.',
    }, { minimum: 1 }),
    evaluation_interval: duration('1m', {
      about: 'Step of subqueries that give none (`rate(x[5m])[1h:]`).',
      why: 'Prometheus\' default; another value changes results.',
    }, { minimum: 1 }),
    external_labels: map({
      about: 'Labels added to what leaves this server by /federate and remote read. `${NAME}` in a value is replaced from the environment, '
        + '`$$` is a dollar sign.',
      why: 'None: a single server needs none.',
    }),
    metric_name_validation_scheme: choice(['utf8', 'legacy'], 'utf8', {
      about: 'With `legacy` the OTLP translation strategies that keep dots are refused.',
      why: 'Prometheus\' default since 3.0.',
    }),
  }),

  otlp: section('How OpenTelemetry metrics arrive and become Prometheus series. All keys as in Prometheus, but the own keys at the end.', {
    translation_strategy: choice(TRANSLATION_STRATEGIES, 'UnderscoreEscapingWithSuffixes', {
      about: 'Whether dots become underscores, and whether unit and `_total` are appended to metric names.',
      why: 'Prometheus\' default; changing it renames every metric.',
    }),
    promote_resource_attributes: list([], {
      about: 'Resource attributes that become labels of every series, for example `service.name`, `k8s.pod.name`.',
      why: 'None, as in Prometheus: each promoted attribute multiplies series. The others are in `target_info`.',
    }),
    promote_all_resource_attributes: boolean(false, {
      about: 'All resource attributes become labels, except `ignore_resource_attributes`. Excludes `promote_resource_attributes`.',
      why: 'Off, as in Prometheus, for the same reason.',
    }),
    ignore_resource_attributes: list([], {
      about: 'Exceptions from `promote_all_resource_attributes`.',
      why: 'None.',
    }),
    keep_identifying_resource_attributes: boolean(false, {
      about: '`target_info` keeps service.name, service.namespace and service.instance.id besides `job` and `instance`.',
      why: 'Prometheus\' default.',
    }),
    convert_histograms_to_nhcb: boolean(false, {
      about: 'Explicit-bucket histograms are stored as native histograms with custom buckets instead of `_bucket` series.',
      why: 'Prometheus\' default; existing dashboards query `_bucket`.',
    }),
    promote_scope_metadata: boolean(false, {
      about: 'Instrumentation scope name, version, schema URL and attributes become labels `otel_scope_*`.',
      why: 'Prometheus\' default.',
    }),
    label_name_underscore_sanitization: boolean(true, {
      about: 'A label name that starts with one underscore gets the prefix `key`.',
      why: 'Prometheus\' default.',
    }),
    label_name_preserve_multiple_underscores: boolean(true, {
      about: '`a..b` becomes `a__b`; off: `a_b`.',
      why: 'Prometheus\' default.',
    }),
    grpc_listen_address: text('auto', {
      about: 'Own key. Where OTLP over gRPC is received, `host:port` or `:port`, or `off`. `auto`: port 4317 on the host of the first '
        + '`web.listen_address`, and only a warning if that port is taken. A given address must be free, or the server does not start.',
      why: 'SDKs send to port 4317 unless told otherwise; several servers on one machine need no setting, the first gets the port.',
    }),
    http_listen_address: text('auto', {
      about: 'Own key. Where OTLP over HTTP is received besides `web.listen_address`, with the path /v1/metrics; the same rules with '
        + 'port 4318. Nothing else is served there.',
      why: 'SDKs send to port 4318 unless told otherwise.',
    }),
    delta_temporality: choice(DELTA_TEMPORALITIES, 'cumulative', {
      about: 'Own key. Delta sums and histograms are added up to counters and histograms (`cumulative`), stored as they are, to be queried '
        + 'with sum_over_time (`native`), or refused (`reject`). The features otlp-deltatocumulative and otlp-native-delta-ingestion '
        + 'mean the first two.',
      why: 'Prometheus refuses them without a feature; but rate() works, and the state is in the log, so nothing is lost in a restart.',
    }),
    delta_max_idle: duration('1d', {
      about: 'Own key. Silence of a delta series after which its total starts over at 0. It costs no memory: the total is the last stored '
        + 'sample.',
      why: 'The collector\'s processor forgets after 5m. SDKs send nothing while nothing happens, so an error that occurs every 10 minutes '
        + 'would be a counter that is always 1.',
    }, { minimum: 1000 }),
  }),

  ingest: section('Own keys: what becomes of series before they are stored, whatever protocol brought them.', {
    relabel_configs: rules({
      about: 'Rules that change or drop series, as `write_relabel_configs` of Prometheus: the same keys, actions and defaults. A result '
        + 'is remembered. Dropped samples are counted in narthex_ingest_dropped_samples_total; their sender is told that they are stored.',
      why: 'None. They are applied to series that are seen for the first time; known ones pay nothing. A reload takes them.',
    }),
    relabel_memory: integer(500_000, {
      about: 'Label sets whose result is remembered; above that the memory starts over.',
      why: 'About 300 bytes each.',
    }, { minimum: 1 }),
    ha: section('Pairs of identical senders (two Prometheus servers with the same targets): one of them is stored.', {
      enabled: boolean(false, {
        about: 'Of each cluster one replica is elected and stored without its replica label; what the others send is passed over. '
          + 'Series without both labels are stored as they are.',
        why: 'Off, as in Mimir: the labels mean nothing unless the senders set them (`external_labels`).',
      }),
      cluster_label: text('cluster', { about: 'Label that a pair has in common.', why: 'As in Mimir.' }, { minLength: 1 }),
      replica_label: text('__replica__', { about: 'Label that tells the senders of a pair apart. Not stored.', why: 'As in Mimir.' },
        { minLength: 1 }),
      update_timeout: duration('15s', {
        about: 'How often the time of the elected replica is written down. State survives a restart.',
        why: 'As in Mimir.',
      }, { minimum: 1 }),
      failover_timeout: duration('30s', {
        about: 'Silence of the elected replica after which another one is elected.',
        why: 'As in Mimir: above the usual scrape interval and a retry.',
      }, { minimum: 2 }),
      max_clusters: integer(1000, {
        about: 'Clusters that are known at a time; the samples of more are refused.',
        why: 'A mistaken label must not fill the memory.',
      }, { minimum: 1 }),
    }),
  }),

  storage: section('Where samples live.', {
    tsdb: section('As in Prometheus.', {
      path: text('data/', {
        about: 'Data directory; relative to the working directory. Created if absent, locked while the server runs.',
        why: 'Prometheus\' default of --storage.tsdb.path.',
      }, { minLength: 1 }),
      out_of_order_time_window: duration('30m', {
        about: 'How far a sample may lie behind the newest sample and still be stored. 0 = samples of a series must rise in time.',
        why: 'Prometheus has 0. Pushed data does arrive late and out of order: retries, parallel queues, batching collectors.',
      }),
      max_block_duration: duration('0', {
        about: 'Longest block that compaction makes: blocks become 3, 9, 27, … times `storage.head.range` long, up to this. Below three '
          + 'times that range only overlapping blocks are compacted. 0 = a tenth of `retention.time`, at most 31d.',
        why: 'Prometheus\' default. Longer blocks are smaller and faster to query; retention drops a block as a whole.',
      }),
      retention: section('What is deleted, and when.', {
        time: duration('15d', {
          about: 'Age at which data is deleted. 0 = never by age. If only `size` is set there is no limit by age.',
          why: 'Prometheus\' default.',
        }),
        size: size('0', {
          about: 'Bytes of the data directory above which the oldest blocks are deleted: blocks, logs, catalogue, all but `snapshots/`. '
            + '0 = no limit. Units are powers of two.',
          why: 'Prometheus\' default.',
        }),
      }),
    }),
    remote: section('Remote read (`/api/v1/read`). Flags --storage.remote.* of Prometheus.', {
      read_sample_limit: integer(50_000_000, {
        about: 'Samples of one query that is not streamed (SAMPLES); more: 400. 0 = no limit but `query.max_response_size`.',
        why: 'Prometheus\' default. Streamed answers have no limit: they are sent in pages of about 4 MiB.',
      }),
      read_concurrent_limit: integer(10, {
        about: 'Remote reads that are answered at a time; others wait for their turn.',
        why: 'Prometheus\' default.',
      }, { minimum: 1 }),
      read_max_bytes_in_frame: size('1MiB', {
        about: 'Bytes at which a frame of a streamed answer is ended.',
        why: 'Prometheus\' default; its clients refuse frames above 50 MB.',
      }, { minimum: 1024, maximum: 32 * MIB }),
    }),
    exemplars: section('As in Prometheus, but exemplars are on and survive restarts.', {
      max_exemplars: integer(100_000, {
        about: 'Exemplars kept over all series; the oldest go first. 0 = store none.',
        why: 'Prometheus\' default; about 100 bytes each.',
      }),
      max_exemplars_per_series: integer(10_000, {
        about: 'Own key: exemplars kept of one series; the oldest go first. Those older than the retention go in any case.',
        why: 'At one exemplar in 15 s a series reaches back 40 hours, and a busy one does not push out all others.',
      }, { minimum: 1 }),
    }),
    head: section('Own keys: the data that is still written to, in memory and in its log.', {
      range: duration('2h', {
        about: 'Time range that one head covers, aligned to the epoch. When the range is over and nothing can be added to it any more '
          + '(an hour later, or `out_of_order_time_window` if that is longer), a head becomes a block.',
        why: 'Prometheus\' block range. Shorter: more blocks and repeated label sets; longer: more memory.',
      }, { minimum: 60_000, maximum: 86_400_000 }),
      max_open: integer(32, {
        about: 'Heads open at a time. Samples that need one more are refused with 503 until the oldest has become a block.',
        why: 'Three are normal; old data that is sent in order needs a few more. Each reserves about 10 GiB of address space.',
      }, { minimum: 4, maximum: 64 }),
      memory: size('0', {
        about: 'Bytes that all heads together may use. When they are used up, writes are refused with 503 until a head becomes a block. '
          + '0 = half of the memory of the machine or container.',
        why: 'The other half is for queries and for the system.',
      }),
      close_at: integer(70, {
        about: 'Percentage of `memory` at which the largest head becomes a block before its range is over, and a new one takes what '
          + 'follows, without the series that are gone.',
        why: 'While the block is made, the head still needs its memory and the next one grows: that is what the rest is for.',
      }, { minimum: 10, maximum: 95 }),
      close_min_age: duration('1m', {
        about: 'Age, by its samples or by the clock, that the head of the newest samples must have to be closed for `close_at`. Until then '
          + 'new series get 503 when memory is nearly used up; known ones go on.',
        why: 'Each new head has to learn the series that live: below a few scrape intervals it would do nothing else.',
      }, { minimum: 0, maximum: 3_600_000 }),
      max_series: integer(0, {
        about: 'Series in one head above which new series are refused; known series go on. 0 = no limit but memory.',
        why: 'No number fits all; the memory budget protects the server.',
      }),
      snapshot: boolean(true, {
        about: 'An orderly stop writes the memory of each head beside its log, and the next start reads that instead of replaying the log. '
          + 'The log stays; a snapshot that is missing, damaged or of another version costs time only.',
        why: 'Starts are several times faster. Prometheus has the same as the feature memory-snapshot-on-shutdown. The files take about as '
          + 'much space as the memory of the heads, until these become blocks.',
      }),
      snapshot_timeout: duration('5s', {
        about: 'How long an orderly stop may spend on snapshots. Heads that are not written by then have none.',
        why: 'Gigabytes on an ordinary disk, and well below the time after which Docker and Kubernetes kill what does not stop.',
      }, { maximum: 300_000 }),
    }),
    block: section('Own keys: data that does not change any more, in files.', {
      scrub_interval: duration('24h', {
        about: 'How often every block is read in full, in the background, one at a time and at low priority. Damage is reported in the log '
          + 'and in `narthex_blocks_damaged`. 0 = never.',
        why: 'Silent damage of a disk should be found while there still is a copy elsewhere. At rest four times as long as at work.',
      }),
      cache_size: size('32MiB', {
        about: 'Decoded pages of blocks that each query thread keeps in memory.',
        why: 'Labels and values of some ten thousand series; the files themselves are in the cache of the system.',
      }, { minimum: 0, maximum: 64 * 1024 * MIB }),
    }),
  }),

  wal: section('Own keys: the log that makes an acknowledgement mean something.', {
    sync: choice(['interval', 'always', 'never'], 'interval', {
      about: 'When acknowledged data is forced to the disk: in the background every `sync_interval`, before every acknowledgement, or '
        + 'when the system likes. In every mode data is handed to the system before the acknowledgement, so kill -9 loses nothing.',
      why: 'A power failure then loses at most `sync_interval` of data (Prometheus: as much as the system has not written, often 30 s) '
        + 'at no cost in latency.',
    }),
    sync_interval: duration('200ms', {
      about: 'Time between two syncs, with `sync: interval`.',
      why: 'Five syncs a second are cheap even on slow disks.',
    }, { minimum: 1, maximum: 60_000 }),
    segment_size: size('64MiB', {
      about: 'Size at which the log starts a new file.',
      why: 'Around seven million samples: few files, and each small enough to copy or inspect.',
    }, { minimum: MIB, maximum: 1024 * MIB }),
  }),

  query: section('Flags --query.* of Prometheus, and own limits.', {
    lookback_delta: duration('5m', {
      about: 'How far back an instant selector looks for a sample.',
      why: 'Prometheus\' default; another value changes results.',
    }, { minimum: 1 }),
    timeout: duration('2m', {
      about: 'Longest time for one query, waiting included.',
      why: 'Prometheus\' default.',
    }, { minimum: 1 }),
    max_samples: integer(50_000_000, {
      about: 'Samples that one query may hold in memory at a time; above that it fails with 422.',
      why: 'Prometheus\' default: 16 bytes each, so at most about 800 MB.',
    }, { minimum: 1 }),
    max_concurrency: integer(20, {
      about: 'Queries that are worked on at a time; others wait in the queue.',
      why: 'Prometheus\' default.',
    }, { minimum: 1 }),
    max_memory: size('0', {
      about: 'Own key. Memory of all running queries together: series, samples, results, answers that are being written. Half is '
        + 'divided among the query threads, half goes to whoever needs more than that first. A query that asks for more than is left '
        + 'is answered with 503 and Retry-After, one that could never get so much with 422. 0 = a quarter of the memory of the machine '
        + 'or container.',
      why: 'Heads have half, caches and everything else the rest.',
    }, { maximum: 1024 * 1024 * MIB }),
    max_series: integer(0, {
      about: 'Own key. Series that one query may select, over all its selectors. 0 = no limit.',
      why: 'Prometheus has no such limit, and a query that works there must work here.',
    }),
    queue_size: integer(256, {
      about: 'Own key. Queries that may wait; one more is answered with 503 and Retry-After.',
      why: 'Several large dashboards opened at once; a longer queue would only end in time-outs.',
    }),
    workers: integer(0, {
      about: 'Own key. Threads that evaluate queries. 0 = one less than the machine has cores, from 1 to 14 with `short_workers`.',
      why: 'Leaves one core to ingest, which has its own thread.',
    }, { maximum: QUERY_WORKERS_MAX }),
    short_workers: integer(1, {
      about: 'Own key. Threads beside `workers` for short requests only: names and values of labels, metadata, instant queries '
        + 'without a range. 0 = none, they wait behind long queries.',
      why: 'Completion, variables and health checks answer in milliseconds while a dashboard computes; an idle thread costs about 10 MB.',
    }, { maximum: 4 }),
    warm_up: duration('300ms', {
      about: 'Own key. How long each query thread rehearses queries over made-up samples, between requests, ten seconds '
        + 'after the start. 0 = not at all.',
      why: 'Code that has run is compiled: the first queries of a dashboard take milliseconds less each. Beyond this little is gained.',
    }, { maximum: 10_000 }),
    result_cache_size: size('64MiB', {
      about: 'Own key. Results of range queries that each of the `workers` keeps, to compute only new steps when a dashboard is refreshed. '
        + 'Steps under which samples changed are computed again; `nocache=1` in a request computes all. 0 = keep nothing.',
      why: 'A panel of 100 series with 300 points takes half a MiB: some dozens of dashboards.',
    }, { minimum: 0, maximum: 4096 * MIB }),
    max_points_per_series: integer(11_000, {
      about: 'Own key. Steps of a range query above which it is refused with 400.',
      why: 'Prometheus\' fixed limit: one point a minute for a week, or an hour for a year.',
    }, { minimum: 1 }),
    max_response_size: size('256MiB', {
      about: 'Own key. Bytes of one answer before compression; a larger one fails with 422 instead of filling memory.',
      why: 'No browser shows more; about 8 million points.',
    }, { minimum: MIB, maximum: 1024 * MIB }),
    max_unsent_size: size('512MiB', {
      about: 'Own key. Bytes of answers that are still on their way to slow clients. While there are more, queries are answered with 503 '
        + 'and Retry-After.',
      why: 'Two answers of the largest size; dashboards need some MB.',
    }, { minimum: MIB }),
  }),

  limits: section('Own keys: what a request or a series may be. Every limit answers with its name and both numbers.', {
    max_header_size: size('1MiB', {
      about: 'Bytes of the head of a request: its URL and all header fields. Larger: 431.',
      why: 'Prometheus\' limit. Label values and federation are asked for by GET only, with selectors of any length in the URL.',
    }, { minimum: 8192, maximum: 16 * MIB }),
    max_body_size: size('32MiB', {
      about: 'Bytes of a request body as received. Larger: 413.',
      why: 'Prometheus\' limit for decoded remote-write bodies; senders\' batches are around 100 KB.',
    }, { minimum: 1024, maximum: 1024 * MIB }),
    max_decoded_body_size: size('64MiB', {
      about: 'Bytes of a request body after decompression, checked before memory is allocated. Larger: 413 (remote write: 400).',
      why: 'The default of the OTLP specification; twice what Prometheus takes.',
    }, { minimum: 1024, maximum: 1024 * MIB }),
    max_dry_run_body_size: size('4MiB', {
      about: 'Bytes of a decompressed request body with `?dry_run=1`. Larger: 413 (remote write: 400).',
      why: 'A dry run is worked on in one go, on the thread that receives; this is well below a tenth of a second of work.',
    }, { minimum: 1024, maximum: 1024 * MIB }),
    max_in_flight_requests: integer(1024, {
      about: 'Ingest requests being worked on at a time. More: 503 with Retry-After, which senders retry.',
      why: 'Twenty Prometheus servers with all their 50 connections busy.',
    }, { minimum: 1 }),
    max_in_flight_bytes: size('256MiB', {
      about: 'Bytes of ingest bodies in memory at a time. More: 503 with Retry-After.',
      why: 'Bounds memory whatever clients do; eight bodies of the largest size.',
    }, { minimum: MIB }),
    max_label_names_per_series: integer(256, {
      about: 'Labels of a series, its name included. 0 = no limit. A series with more is rejected, the rest of the request is stored.',
      why: 'Prometheus has no limit; real series have below 60, even with all resource attributes promoted.',
    }),
    max_label_name_length: integer(1024, {
      about: 'Bytes of a label name. 0 = no limit.',
      why: 'As in Mimir.',
    }),
    max_label_value_length: integer(65_535, {
      about: 'Bytes of a label value. 0 = no limit.',
      why: 'Generous (Mimir: 2048): nothing that a Prometheus stores should be refused; a whole stack trace fits.',
    }),
    max_series_per_metric: integer(0, {
      about: 'Series of one metric in a head above which new ones are refused; known series go on. The answer and the reject ledger name '
        + 'the label that has the most values. 0 = no limit.',
      why: 'No number fits all. See also storage.head.max_series, the limit for all series.',
    }),
    max_series_per_sender: integer(0, {
      about: 'Likewise for the series with one value of `sender_label`; series without that label are not counted. 0 = no limit.',
      why: 'No number fits all.',
    }),
    sender_label: text('job', {
      about: 'The label that says who sends a series, for max_series_per_sender.',
      why: 'What scrapes and OTLP services have in common, and what an operator looks for.',
    }, { minLength: 1 }),
    max_future: duration('10m', {
      about: 'How far ahead of this server\'s clock a sample may be. 0 = no limit.',
      why: 'Prometheus\' fixed limit for OTLP and remote write: one wrong clock must not move the newest time.',
    }),
  }),

  web: section('Flags --web.* of Prometheus.', {
    listen_address: list(['0.0.0.0:9090'], {
      about: 'Addresses to listen on, `host:port` or `:port`. Port 0 = any free one.',
      why: 'Prometheus\' default, so that data sources and senders need no change.',
    }, { minItems: 1 }),
    external_url: text('', {
      about: 'URL under which the server is reached from outside, for example behind a reverse proxy. Its path becomes the route prefix.',
      why: 'Derived from the host name and port.',
    }),
    route_prefix: text('', {
      about: 'Prefix of all routes, `/` = none. Empty = path of external_url.',
      why: 'Prometheus\' default.',
    }),
    read_timeout: duration('5m', {
      about: 'How long a request may take to arrive (its head a minute at most), a connection may be idle, and a client may take nothing '
        + 'of an answer. Then the connection is closed; of a request that did not arrive with a 503, which senders repeat.',
      why: 'Prometheus\' default.',
    }, { minimum: 100 }),
    max_connections: integer(512, {
      about: 'Connections at a time, over all addresses; as many again at the OTLP/HTTP address. One more is answered with 503 and closed.',
      why: 'Prometheus\' default.',
    }, { minimum: 1 }),
    cors_origin: text('.*', {
      about: 'Regular expression for allowed CORS origins, fully anchored. JavaScript syntax: no `(?i)`.',
      why: 'Prometheus\' default.',
    }),
    enable_lifecycle: boolean(false, {
      about: 'POST /-/reload and /-/quit.',
      why: 'Prometheus\' default: anyone who can reach the port could stop the server.',
    }),
    remote_write_receiver: section('Flags --web.remote-write-receiver.* of Prometheus.', {
      accepted_protobuf_messages: list([...REMOTE_WRITE_MESSAGES], {
        about: 'Messages that /api/v1/write takes; another one is answered with 415.',
        why: 'Prometheus\' default: remote write 1.0 and 2.0.',
      }, { minItems: 1 }),
    }),
    max_notifications_subscribers: integer(16, {
      about: 'Connections that may listen to /api/v1/notifications/live at a time; one more is answered with 204.',
      why: 'Prometheus\' default.',
    }),
    enable_admin_api: boolean(false, {
      about: 'POST /api/v1/admin/tsdb/*, which deletes data.',
      why: 'Prometheus\' default.',
    }),
    max_profile_duration: duration('1m', {
      about: 'Longest time for a profile at /debug/pprof/; 0 = there are none. One is made at a time.',
      why: 'Prometheus has them always. promtool asks for 30 s; a profile costs the threads a few per cent while it is made.',
    }),
    max_admin_requests: integer(16, {
      about: 'Requests of the admin API at a time. They are done one after another; one more is answered with 503.',
      why: 'Enough for scripts that delete in parallel; each holds a connection and nothing else while it waits.',
    }),
  }),

  log: section('Flags --log.* of Prometheus.', {
    level: choice(['debug', 'info', 'warn', 'error'], 'info', {
      about: 'Messages of this level and above are written, to standard error.',
      why: 'Prometheus\' default.',
    }),
    format: choice(['logfmt', 'json'], 'logfmt', {
      about: 'One line a message: `key=value` pairs for people, JSON for log collectors.',
      why: 'Prometheus\' default.',
    }),
  }),

  enable_features: list([], {
    about: 'Own key, as --enable-feature: promql-experimental-functions, promql-delayed-name-removal, promql-per-step-stats, '
      + 'type-and-unit-labels, created-timestamp-zero-ingestion, st-storage, use-start-timestamps, search-api, otlp-deltatocumulative, '
      + 'otlp-native-delta-ingestion. Features that are always on are accepted.',
    why: 'As in Prometheus: these change results or are experimental.',
  }),
});

/** The complete configuration of a server: every value present, units in the key (`_ms`, `_bytes`), 0 = automatic resolved. */
export interface Config extends ValueOf<typeof configSchema> {
  readonly features: Features;
}
