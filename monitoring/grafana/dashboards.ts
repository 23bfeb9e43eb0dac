/**
 * The dashboards in a short form, from which `npm run dashboards` generates the files for Grafana (dashboards/*.json); a test
 * fails on drift. Ranges are $__rate_interval, which Grafana adapts to the time range that is displayed.
 */
import { services as allServices } from '../../services.ts';
import type { Dashboard } from './panel.ts';

const quantile = (share: number, histogram: string, by = 'le') =>
  `histogram_quantile(${share}, sum by (${by}) (rate(${histogram}[$__rate_interval])))`;

const place = 'service="order-service",route="/orders",method="POST"';
const services = `job=~"${allServices.map(({ folder }) => folder).join('|')}"`;
const databases = `datname=~"${allServices.map(({ database }) => database.name).join('|')}"`;

export const orders: Dashboard = {
  uid: 'orders',
  title: 'Orders',
  description: 'Whether customers can order, how fast they get responses, and which orders wait.',
  panels: [
    {
      id: 1,
      title: 'Order transitions',
      description:
        'What happened to orders. "queued": stock is requested by message, because inventory-service did not respond.',
      unit: 'cps',
      queries: [['{{outcome}}', 'sum by (outcome) (rate(orders_total[$__rate_interval]))']],
    },
    {
      id: 2,
      title: 'Responses to POST /orders',
      description:
        '201 confirmed, 202 not decided yet, 409 rejected or still running, 422 key reused for a different request, 503 overloaded or unavailable.',
      unit: 'reqps',
      queries: [
        ['{{status}}', `sum by (status) (rate(http_request_duration_seconds_count{${place}}[$__rate_interval]))`],
      ],
    },
    {
      id: 3,
      title: 'Response time of POST /orders',
      description: 'As order-service measures it. The objective is 300 ms for 99 %; the deadline is 2.5 s.',
      unit: 's',
      queries: [0.5, 0.9, 0.99].map((share) => [
        `${share * 100} %`,
        quantile(share, `http_request_duration_seconds_bucket{${place}}`),
      ]),
    },
    {
      id: 4,
      title: 'Requests with an Idempotency-Key',
      description:
        'executed: the first request with its key. replayed: the stored response. taken_over: the first process had died.',
      unit: 'reqps',
      queries: [
        ['{{result}}', 'sum by (result) (rate(idempotency_requests_total{service="order-service"}[$__rate_interval]))'],
      ],
    },
    {
      id: 5,
      title: 'Undecided orders',
      description:
        'Accepted (202), with stock neither reserved nor refused yet. Zero except for moments while everything is up.',
      unit: 'short',
      queries: [['undecided', 'max(orders_pending)']],
    },
    {
      id: 6,
      title: 'Oldest undecided order',
      description: 'How long it has waited. Orders are decided within a minute after the part that was down is back.',
      unit: 's',
      limit: 120,
      queries: [['oldest', 'max by (service) (orders_pending_oldest_seconds)']],
    },
    {
      id: 7,
      title: 'Circuit breakers to inventory-service',
      description:
        'One for each of its processes: 0 closed, 1 half open (one call is let through), 2 open (no calls). With all of them open, orders get 202 without a call.',
      unit: 'short',
      limit: 2,
      queries: [['{{instance}} to {{target}}', 'max by (instance, target) (breaker_state)']],
    },
    {
      id: 8,
      title: 'Order calls with a 5xx response',
      description:
        'Share of all order calls, over three windows. Above 1.44 % the 30-day budget (0.1 %) is used up in two days.',
      unit: 'percentunit',
      limit: 0.0144,
      queries: ['5m', '1h', '6h'].map((range) => [range, `slo:order_errors:ratio_rate${range}`]),
    },
    {
      id: 9,
      title: 'Orders not decided within 300 ms',
      description: 'Share of POST /orders, over three windows; 202 counts as not decided. The 30-day budget is 1 %.',
      unit: 'percentunit',
      limit: 0.144,
      queries: ['5m', '1h', '6h'].map((range) => [range, `slo:order_latency:ratio_rate${range}`]),
    },
    {
      id: 10,
      title: 'Reused idempotency keys, in 10 minutes',
      description: 'Responses 422. A client whose keys are not unique loses orders.',
      unit: 'short',
      limit: 20,
      queries: [['{{service}}', 'sum by (service) (increase(idempotency_requests_total{result="reused"}[10m]))']],
    },
    {
      id: 11,
      title: 'Calls to inventory-service, 99 %',
      description:
        'One call per batch. Its deadline is 1.5 s; after that the outcome is unknown and the order is queued.',
      unit: 's',
      queries: [['{{outcome}}', quantile(0.99, 'reservation_call_duration_seconds_bucket', 'outcome, le')]],
    },
    {
      id: 12,
      title: 'Error budget used in three days',
      description: 'Share of the failures that the objectives allow. Above 100 % on average, an objective is missed.',
      unit: 'percentunit',
      limit: 1,
      queries: [
        ['5xx', 'slo:order_errors:ratio_rate3d / 0.001'],
        ['300 ms', 'slo:order_latency:ratio_rate3d / 0.01'],
      ],
    },
  ],
};

export const stock: Dashboard = {
  uid: 'stock',
  title: 'Stock and reservations',
  description: 'What inventory-service decides, how fast, and whether its data is consistent.',
  panels: [
    {
      id: 1,
      title: 'Reservations',
      description:
        'Responses to requests for stock. released: the order was already cancelled. conflict: the same id with other lines, which is a bug.',
      unit: 'cps',
      queries: [['{{outcome}}', 'sum by (outcome) (rate(reservations_total[$__rate_interval]))']],
    },
    {
      id: 2,
      title: 'Response time to order-service',
      description: 'POST /reservations, for a whole batch of orders. At 1.5 s order-service stops waiting.',
      unit: 's',
      queries: [0.5, 0.99].map((share) => [
        `${share * 100} %`,
        quantile(share, 'http_request_duration_seconds_bucket{service="inventory-service",route="/reservations"}'),
      ]),
    },
    {
      id: 3,
      title: 'Batch size',
      description: 'Average. Batches grow with the load, so that the cost per order falls.',
      unit: 'short',
      queries: [
        [
          '{{stage}}',
          'sum by (stage) (rate(batch_size_sum[$__rate_interval])) / sum by (stage) (rate(batch_size_count[$__rate_interval]))',
        ],
      ],
    },
    {
      id: 4,
      title: 'Product requests',
      description: 'By route, from the back office and the shops.',
      unit: 'reqps',
      queries: [
        [
          '{{method}} {{route}}',
          'sum by (method, route) (rate(http_request_duration_seconds_count{service="inventory-service",route=~"/products.*"}[$__rate_interval]))',
        ],
      ],
    },
    {
      id: 5,
      title: 'Share of refused reservations',
      description:
        'Not enough stock, or an unknown SKU. A jump means that a popular product is sold out, or a catalogue is wrong.',
      unit: 'percentunit',
      queries: [
        [
          'refused',
          'sum(rate(reservations_total{outcome="rejected"}[$__rate_interval])) / sum(rate(reservations_total[$__rate_interval]))',
        ],
      ],
    },
    {
      id: 6,
      title: 'Mismatches',
      description: 'What the last reconciliation of each service found, by kind. Zero is the only good value.',
      unit: 'short',
      limit: 1,
      queries: [['{{service}} {{kind}}', 'max by (service, kind) (reconcile_mismatches)']],
    },
  ],
};

export const notifications: Dashboard = {
  uid: 'notifications',
  title: 'Notifications',
  description: 'Mails to people: what became of them, and what waits.',
  panels: [
    {
      id: 1,
      title: 'What became of mails, per hour',
      description: 'Deferred and lost are tried again; suppressed were not needed any more.',
      unit: 'short',
      queries: [['{{template}} {{outcome}}', 'sum by (template, outcome) (increase(notifications_total[1h]))']],
    },
    {
      id: 2,
      title: 'Unknown',
      description: 'Mails that may or may not have been sent. A person decides about those that stay.',
      unit: 'short',
      limit: 1,
      queries: [['unknown', 'max(notifications_unknown)']],
    },
    {
      id: 3,
      title: 'Oldest mail that waits',
      description: 'Usually seconds. It grows while the mail server is away or defers a mail.',
      unit: 's',
      limit: 1_800,
      queries: [['oldest', 'max(notifications_queued_oldest_seconds)']],
    },
    {
      id: 4,
      title: 'Mails that wait',
      description: 'For their first attempt, or for another one. Counting stops at 10,000.',
      unit: 'short',
      queries: [['waiting', 'max(notifications_queued)']],
    },
  ],
};

export const messaging: Dashboard = {
  uid: 'messaging',
  title: 'Messaging',
  description: 'From the outboxes through the broker to the consumers, with retries and dead letters.',
  panels: [
    {
      id: 1,
      title: 'RabbitMQ responds',
      description: '1: Prometheus gets its metrics. 0: it is down, frozen or unreachable.',
      unit: 'short',
      queries: [['up', 'max by (job) (up{job="rabbitmq"})']],
    },
    {
      id: 2,
      title: 'Oldest message in the outbox',
      description: 'Usually far below a second. It grows while the broker is down, or no queue accepts a message.',
      unit: 's',
      limit: 60,
      queries: [['{{service}}', 'max by (service) (outbox_oldest_seconds)']],
    },
    {
      id: 3,
      title: 'Messages in the outbox',
      description: 'Written and not yet confirmed by the broker. Above 10,000 it is an estimate.',
      unit: 'short',
      queries: [['{{service}}', 'max by (service) (outbox_pending)']],
    },
    {
      id: 4,
      title: 'Published',
      description: 'Confirmed by the broker; returned: no queue is bound for them (they are kept and sent again).',
      unit: 'cps',
      queries: [
        ['{{service}}', 'sum by (service) (rate(outbox_published_total[$__rate_interval]))'],
        ['{{service}} returned', 'sum by (service) (rate(outbox_returned_total[$__rate_interval]))'],
      ],
    },
    {
      id: 5,
      title: 'Consumers',
      description: 'By queue that a service reads, including the dead-letter queues, which are drained into a table.',
      unit: 'short',
      queries: [['{{queue}}', 'sum by (queue) (rabbitmq_detailed_queue_consumers{queue!~".*[.]retry[.].*"})']],
    },
    {
      id: 6,
      title: 'Messages in the queues',
      description: 'Ready and unacknowledged. They grow when consumers are missing or slow.',
      unit: 'short',
      queries: [['{{queue}}', 'sum by (queue) (rabbitmq_detailed_queue_messages{queue!~".*[.]retry[.].*"})']],
    },
    {
      id: 7,
      title: 'Open dead letters',
      description: 'A person has to replay or discard them: npm run dead-letters -- list.',
      unit: 'short',
      limit: 1,
      queries: [['{{queue}}', 'max by (service, queue) (dead_letters_open)']],
    },
    {
      id: 8,
      title: 'Age of messages when handled, 99 %',
      description: 'From the event to its handling, including the time in the outbox and the delays of retries.',
      unit: 's',
      queries: [['{{queue}}', quantile(0.99, 'message_age_seconds_bucket', 'queue, le')]],
    },
    {
      id: 9,
      title: 'Broker disk',
      description: 'Below the limit the broker blocks publishers; the alert fires at twenty times the limit.',
      unit: 'bytes',
      queries: [
        ['available', 'rabbitmq_disk_space_available_bytes'],
        ['limit', 'rabbitmq_disk_space_available_limit_bytes'],
      ],
    },
    {
      id: 10,
      title: 'Broker memory',
      description: 'Share of its limit. At 100 % the broker blocks publishers until it uses less.',
      unit: 'percentunit',
      limit: 0.8,
      queries: [['used', 'rabbitmq_process_resident_memory_bytes / rabbitmq_resident_memory_limit_bytes']],
    },
    {
      id: 11,
      title: 'Deliveries',
      description: 'By outcome: handled, duplicate (already in the inbox), retried, dead_lettered.',
      unit: 'cps',
      queries: [['{{queue}} {{outcome}}', 'sum by (queue, outcome) (rate(messages_handled_total[$__rate_interval]))']],
    },
    {
      id: 12,
      title: 'Waiting for a retry',
      description: 'Messages whose handling failed, in the retry queues: 1 s, 5 s, 30 s, 2 min, 10 min.',
      unit: 'short',
      queries: [['{{queue}}', 'sum by (queue) (rabbitmq_detailed_queue_messages{queue=~".*[.]retry[.].*"})']],
    },
    {
      id: 13,
      title: 'Queues with different arguments',
      description:
        'How many processes declare the queue with different arguments than the broker has. It is used as it is.',
      unit: 'short',
      limit: 1,
      queries: [['{{service}} {{queue}}', 'sum by (service, queue) (broker_topology_differences)']],
    },
    {
      id: 14,
      title: 'Oldest change without a position',
      description: 'Changes that the stream of events does not show yet. Usually below a second.',
      unit: 's',
      limit: 60,
      queries: [['{{service}}', 'max by (service) (feed_waiting_seconds)']],
    },
    {
      id: 15,
      title: 'Clients of the streams',
      description: 'Each process serves 200 at most. Dropped: disconnected in 5 minutes because they read too slowly.',
      unit: 'short',
      queries: [
        ['{{service}}', 'sum by (service) (stream_clients)'],
        ['{{service}} dropped', 'sum by (service) (increase(stream_clients_dropped_total[5m]))'],
      ],
    },
    {
      id: 16,
      title: 'Delay of the order histories',
      description: 'Age of the oldest event of an order that account-service is handling. Usually below a second.',
      unit: 's',
      limit: 60,
      queries: [['{{service}}', 'max by (service) (order_history_behind_seconds)']],
    },
    {
      id: 17,
      title: 'Clients of the streams, share of the limit',
      description: 'Of the process that has the most. At 100 % further clients get 503 and try again.',
      unit: 'percentunit',
      limit: 0.8,
      queries: [['{{service}}', 'max by (service) (stream_clients / stream_clients_limit)']],
    },
  ],
};

const failedSignIns = 'sign_ins_total{outcome=~"invalid-credentials|too-many-attempts"}';

export const accounts: Dashboard = {
  uid: 'accounts',
  title: 'Accounts',
  description: 'Whether people can sign in and stay signed in, and the keys of their access tokens.',
  panels: [
    {
      id: 1,
      title: 'Sign-ins',
      description:
        'By outcome. overloaded: too many at the same time, answered with 503, so that passwords slow no order.',
      unit: 'cps',
      queries: [['{{outcome}}', 'sum by (outcome) (rate(sign_ins_total[$__rate_interval]))']],
    },
    {
      id: 2,
      title: 'Share of failed sign-ins, over 10 minutes',
      description: 'Wrong passwords and too many attempts. Usually below 10 %. The alert needs more than 50 of them.',
      unit: 'percentunit',
      limit: 0.3,
      queries: [['failed', `sum(increase(${failedSignIns}[10m])) / sum(increase(sign_ins_total[10m]))`]],
    },
    {
      id: 3,
      title: 'Refreshes of sessions',
      description:
        'successor: a new pair of tokens. repeat: the same pair again, after a lost answer. ended: the person signs in again.',
      unit: 'cps',
      queries: [['{{outcome}}', 'sum by (outcome) (rate(session_refreshes_total[$__rate_interval]))']],
    },
    {
      id: 4,
      title: 'Stolen refresh tokens, per hour',
      description: 'Used again after their successors. Each has ended its session.',
      unit: 'short',
      limit: 1,
      queries: [['{{caller}}', 'sum by (caller) (increase(session_refreshes_total{outcome="theft"}[1h]))']],
    },
    {
      id: 5,
      title: 'Time until the signing keys must be replaced',
      description: 'Keys are replaced every 90 days: npm run keys -- rotate. The alert fires at 14 days.',
      unit: 's',
      queries: [['{{audience}}', 'min by (audience) (signing_key_remaining_seconds)']],
    },
  ],
};

export const system: Dashboard = {
  uid: 'services',
  title: 'Services',
  description: 'Rate, errors and duration of each service; resources and queues; databases and host.',
  panels: [
    {
      id: 1,
      title: 'Processes that respond',
      description: 'By service. With Compose, two of each is normal.',
      unit: 'short',
      queries: [['{{job}}', `sum by (job) (up{${services}})`]],
    },
    {
      id: 2,
      title: 'Requests',
      description: 'All routes, including health and metrics.',
      unit: 'reqps',
      queries: [['{{service}}', 'sum by (service) (rate(http_request_duration_seconds_count[$__rate_interval]))']],
    },
    {
      id: 3,
      title: '5xx responses',
      description:
        '503 is overloaded or unavailable, without effect; 500 is a bug of ours and is in the log with its trace id.',
      unit: 'reqps',
      queries: [
        [
          '{{service}}',
          'sum by (service) (rate(http_request_duration_seconds_count{status=~"5.."}[$__rate_interval])) or sum by (service) (rate(http_request_duration_seconds_count[$__rate_interval])) * 0',
        ],
      ],
    },
    {
      id: 4,
      title: 'Response time, 99 %',
      description: 'By route. The deadlines are 1.5 s between the services and 2.5 s for an order.',
      unit: 's',
      queries: [
        ['{{service}} {{route}}', quantile(0.99, 'http_request_duration_seconds_bucket', 'service, route, le')],
      ],
    },
    {
      id: 5,
      title: 'CPU',
      description: 'By process, in cores. A Node process uses little more than one.',
      unit: 'percentunit',
      queries: [['{{job}} {{instance}}', `rate(process_cpu_seconds_total{${services}}[$__rate_interval])`]],
    },
    {
      id: 6,
      title: 'Event loop lag, 99 %',
      description: 'How late the process gets to its work; the resolution of the measurement is 10 ms.',
      unit: 's',
      queries: [['{{job}} {{instance}}', `nodejs_eventloop_lag_p99_seconds{${services}}`]],
    },
    {
      id: 7,
      title: 'Refused as overloaded, in 5 minutes',
      description:
        'By a full batch queue, or before parsing because the event loop was saturated. Responses 503, without effect.',
      unit: 'short',
      limit: 10,
      queries: [
        [
          '{{service}}',
          'sum by (service) (increase(batch_refused_total[5m])) + sum by (service) (increase(http_requests_shed_total[5m]))',
        ],
      ],
    },
    {
      id: 8,
      title: 'Waiting for a database connection',
      description: 'Callers that wait for the pool. Occasionally is normal, permanently is not.',
      unit: 'short',
      limit: 1,
      queries: [['{{service}} {{instance}}', 'db_pool_waiting']],
    },
    {
      id: 9,
      title: 'Time since the last database response',
      description: 'Each process checks its database every 5 s.',
      unit: 's',
      limit: 20,
      queries: [['{{service}}', 'time() - max by (service) (database_answered_timestamp_seconds)']],
    },
    {
      id: 10,
      title: 'Pool connections',
      description: 'Used and idle, over all processes.',
      unit: 'short',
      queries: [['{{service}} {{state}}', 'sum by (service, state) (db_pool_connections)']],
    },
    {
      id: 11,
      title: 'Resident memory',
      description: 'By process. It stays below 250 MB under load.',
      unit: 'bytes',
      queries: [['{{job}} {{instance}}', `process_resident_memory_bytes{${services}}`]],
    },
    {
      id: 12,
      title: 'Waiting for a batch',
      description: 'Queued batch members at the time of the scrape.',
      unit: 'short',
      queries: [['{{stage}} {{instance}}', 'batch_queue_length']],
    },
    {
      id: 13,
      title: 'Age of the newest backup',
      description: 'By database; one is made every hour. Only where the backup service runs.',
      unit: 's',
      limit: 7200,
      queries: [['{{database}}', 'time() - backup_last_success_timestamp_seconds']],
    },
    {
      id: 14,
      title: 'Sessions in PostgreSQL',
      description: 'By database and state, with the limit. Lasting "idle in transaction" is a fault.',
      unit: 'short',
      queries: [
        ['{{datname}} {{state}}', `sum by (datname, state) (pg_stat_activity_count{${databases}})`],
        ['limit of {{instance}}', 'pg_settings_max_connections'],
      ],
    },
    {
      id: 15,
      title: 'Transactions in PostgreSQL',
      description: 'Committed and rolled back.',
      unit: 'cps',
      queries: [
        ['{{datname}} committed', `rate(pg_stat_database_xact_commit{${databases}}[$__rate_interval])`],
        ['{{datname}} rolled back', `rate(pg_stat_database_xact_rollback{${databases}}[$__rate_interval])`],
      ],
    },
    {
      id: 16,
      title: 'Size of the databases',
      description: 'On disk, with indexes.',
      unit: 'bytes',
      queries: [['{{datname}}', `pg_database_size_bytes{${databases}}`]],
    },
    {
      id: 17,
      title: 'Host memory',
      description: 'Share in use that cannot be reclaimed at once.',
      unit: 'percentunit',
      queries: [['used', '1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes']],
    },
    {
      id: 18,
      title: 'Host disk',
      description: 'Share in use, by file system.',
      unit: 'percentunit',
      queries: [
        [
          '{{mountpoint}}',
          '1 - node_filesystem_avail_bytes{fstype!~"tmpfs|overlay"} / node_filesystem_size_bytes{fstype!~"tmpfs|overlay"}',
        ],
      ],
    },
    {
      id: 19,
      title: 'Log lines dropped, in 5 minutes',
      description: 'The disk of the log is full, or nothing reads the output of the process.',
      unit: 'short',
      limit: 1,
      queries: [['{{service}} {{instance}}', 'sum by (service, instance) (increase(log_lines_dropped_total[5m]))']],
    },
  ],
};

export const kong: Dashboard = {
  uid: 'kong',
  title: 'Kong',
  description: 'The gateway: what clients got, and how much of the time the gateway itself took.',
  panels: [
    {
      id: 1,
      title: 'Kong responds',
      description: '1: it exports its metrics, and the probe (where there is one) gets a response over TLS.',
      unit: 'short',
      queries: [
        ['up', 'max by (job) (up{job="kong"})'],
        ['probe', 'max by (job) (probe_success{job="gateway-probe"})'],
      ],
    },
    {
      id: 2,
      title: 'Responses by status',
      description:
        'All routes. 401 and 403: API keys. 429: rate limit of a client. 502, 503, 504: a service does not respond.',
      unit: 'reqps',
      queries: [['{{code}}', 'sum by (code) (rate(kong_http_requests_total[$__rate_interval]))']],
    },
    {
      id: 3,
      title: 'Requests by route',
      description: 'Names as in kong/kong.yml. Requests that match no route are not counted.',
      unit: 'reqps',
      queries: [['{{route}}', 'sum by (route) (rate(kong_http_requests_total[$__rate_interval]))']],
    },
    {
      id: 4,
      title: 'Response time for clients',
      description: 'From the first byte of a request to the last byte of its response.',
      unit: 'ms',
      queries: [0.5, 0.99].map((share) => [`${share * 100} %`, quantile(share, 'kong_request_latency_ms_bucket')]),
    },
    {
      id: 5,
      title: 'Time in Kong and in the services, 99 %',
      description: 'Time that Kong itself took, and time it waited for a service.',
      unit: 'ms',
      queries: [
        ['Kong', quantile(0.99, 'kong_kong_latency_ms_bucket')],
        ['{{service}}', quantile(0.99, 'kong_upstream_latency_ms_bucket', 'service, le')],
      ],
    },
    {
      id: 6,
      title: 'Healthy processes behind Kong',
      description: "By Kong's own health checks. A process that starts or drains does not count.",
      unit: 'short',
      queries: [['{{upstream}}', 'sum by (upstream) (kong_upstream_target_health{state="healthy"})']],
    },
    {
      id: 7,
      title: 'Remaining validity of the certificate',
      description: 'Of the certificate that is served. The alert fires at 14 days.',
      unit: 's',
      queries: [['certificate', 'probe_ssl_earliest_cert_expiry - time()']],
    },
    {
      id: 8,
      title: 'Bandwidth',
      description: 'In and out, including headers.',
      unit: 'Bps',
      queries: [['{{direction}}', 'sum by (direction) (rate(kong_bandwidth_bytes[$__rate_interval]))']],
    },
    {
      id: 9,
      title: 'Kong reaches its database',
      description:
        '1: yes. Without it, Kong keeps using the configuration it has read; API keys it has not seen yet fail.',
      unit: 'short',
      queries: [['reachable', 'kong_datastore_reachable']],
    },
  ],
};

/** All of them, by the name of their file. */
export const dashboards: Record<string, Dashboard> = {
  orders,
  stock,
  messaging,
  notifications,
  accounts,
  services: system,
  kong,
};
