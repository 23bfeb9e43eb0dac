/**
 * The dashboards, in short. `npm run dashboards` writes what Grafana reads (dashboards/*.json) from this; a test fails
 * until you do. A range is $__rate_interval, which Grafana fits to the time that is shown.
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
  description: 'Whether customers can order, how fast they are answered, and what waits.',
  panels: [
    {
      id: 1,
      title: 'Steps of orders',
      description:
        'What happened to orders. "queued": their stock is asked for by message, for inventory-service did not answer.',
      unit: 'cps',
      queries: [['{{outcome}}', 'sum by (outcome) (rate(orders_total[$__rate_interval]))']],
    },
    {
      id: 2,
      title: 'Answers to POST /orders',
      description:
        '201 confirmed, 202 not decided yet, 409 rejected or still running, 422 a key used for something else, 503 overloaded or unavailable.',
      unit: 'reqps',
      queries: [
        ['{{status}}', `sum by (status) (rate(http_request_duration_seconds_count{${place}}[$__rate_interval]))`],
      ],
    },
    {
      id: 3,
      title: 'Time to answer POST /orders',
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
        'executed: the first of its key. replayed: the stored answer again. taken_over: the first process had died.',
      unit: 'reqps',
      queries: [
        ['{{result}}', 'sum by (result) (rate(idempotency_requests_total{service="order-service"}[$__rate_interval]))'],
      ],
    },
    {
      id: 5,
      title: 'Undecided orders',
      description:
        'Accepted (202), and their stock is neither reserved nor refused. Zero but for moments while all parts are up.',
      unit: 'short',
      queries: [['undecided', 'max(orders_pending)']],
    },
    {
      id: 6,
      title: 'Oldest undecided order',
      description: 'How long it has waited. Orders settle within a minute of the return of whatever was down.',
      unit: 's',
      limit: 120,
      queries: [['oldest', 'max by (service) (orders_pending_oldest_seconds)']],
    },
    {
      id: 7,
      title: 'Breakers to inventory-service',
      description:
        'One for each of its processes: 0 closed, 1 half open (one call is let through), 2 open: it is left out. With all of them open, orders are answered 202 without asking.',
      unit: 'short',
      limit: 2,
      queries: [['{{instance}} to {{target}}', 'max by (instance, target) (breaker_state)']],
    },
    {
      id: 8,
      title: 'Order calls answered 5xx',
      description:
        'Share of all order calls, over three windows. Above 1.44 % the budget of 30 days (0.1 %) is gone in two.',
      unit: 'percentunit',
      limit: 0.0144,
      queries: ['5m', '1h', '6h'].map((range) => [range, `slo:order_errors:ratio_rate${range}`]),
    },
    {
      id: 9,
      title: 'Orders not decided within 300 ms',
      description:
        'Share of POST /orders, over three windows; 202 counts as not decided. The budget of 30 days is 1 %.',
      unit: 'percentunit',
      limit: 0.144,
      queries: ['5m', '1h', '6h'].map((range) => [range, `slo:order_latency:ratio_rate${range}`]),
    },
    {
      id: 10,
      title: 'Keys used for something else, in 10 minutes',
      description: 'Answered 422. A client that makes keys which are not unique loses orders.',
      unit: 'short',
      limit: 20,
      queries: [['{{service}}', 'sum by (service) (increase(idempotency_requests_total{result="reused"}[10m]))']],
    },
    {
      id: 11,
      title: 'The call to inventory-service, 99 %',
      description:
        'One call for each batch. Its deadline is 1.5 s; then the outcome is unknown and the order is queued.',
      unit: 's',
      queries: [['{{outcome}}', quantile(0.99, 'reservation_call_duration_seconds_bucket', 'outcome, le')]],
    },
    {
      id: 12,
      title: 'Budget used in three days',
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
  description: 'What inventory-service decides, how fast, and whether all that has to agree does.',
  panels: [
    {
      id: 1,
      title: 'Reservations',
      description:
        'Answers to requests for stock. released: the order was cancelled before. conflict: the same id with other lines, which is a fault.',
      unit: 'cps',
      queries: [['{{outcome}}', 'sum by (outcome) (rate(reservations_total[$__rate_interval]))']],
    },
    {
      id: 2,
      title: 'Time to answer order-service',
      description: 'POST /reservations, for a whole batch of orders. At 1.5 s order-service stops waiting.',
      unit: 's',
      queries: [0.5, 0.99].map((share) => [
        `${share * 100} %`,
        quantile(share, 'http_request_duration_seconds_bucket{service="inventory-service",route="/reservations"}'),
      ]),
    },
    {
      id: 3,
      title: 'Members of a batch',
      description: 'On average. Batches grow with the load: that is how the cost of an order falls.',
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
      title: 'Calls about products',
      description: 'By route, as the back office and the shops make them.',
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
        'Not enough stock, or an unknown SKU. A jump means that something popular is sold out, or a catalogue is wrong.',
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

export const messaging: Dashboard = {
  uid: 'messaging',
  title: 'Messaging',
  description: 'From the outboxes through the broker to the consumers, and what was set aside on the way.',
  panels: [
    {
      id: 1,
      title: 'RabbitMQ answers',
      description: '1: Prometheus gets its metrics. 0: it is down, frozen or out of reach.',
      unit: 'short',
      queries: [['up', 'max by (job) (up{job="rabbitmq"})']],
    },
    {
      id: 2,
      title: 'Oldest message in the outbox',
      description: 'Usually far below a second. It grows while the broker is away, or no queue takes a message.',
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
      description:
        'Confirmed by the broker; and sent back, because no queue takes them (they are kept and sent again).',
      unit: 'cps',
      queries: [
        ['{{service}}', 'sum by (service) (rate(outbox_published_total[$__rate_interval]))'],
        ['{{service}} returned', 'sum by (service) (rate(outbox_returned_total[$__rate_interval]))'],
      ],
    },
    {
      id: 5,
      title: 'Consumers',
      description: 'Of each queue that a service reads; those of dead letters too, which are drained into a table.',
      unit: 'short',
      queries: [['{{queue}}', 'sum by (queue) (rabbitmq_detailed_queue_consumers{queue!~".*[.]retry[.].*"})']],
    },
    {
      id: 6,
      title: 'Messages in the queues',
      description: 'Ready and under way. They grow when consumers are missing or slow.',
      unit: 'short',
      queries: [['{{queue}}', 'sum by (queue) (rabbitmq_detailed_queue_messages{queue!~".*[.]retry[.].*"})']],
    },
    {
      id: 7,
      title: 'Open dead letters',
      description: 'They wait for a person: npm run dead-letters -- list.',
      unit: 'short',
      limit: 1,
      queries: [['{{queue}}', 'max by (service, queue) (dead_letters_open)']],
    },
    {
      id: 8,
      title: 'Age of messages when handled, 99 %',
      description: 'From the fact to its handling, so with the time in the outbox and with the delays of retries.',
      unit: 's',
      queries: [['{{queue}}', quantile(0.99, 'message_age_seconds_bucket', 'queue, le')]],
    },
    {
      id: 9,
      title: 'Disk of the broker',
      description: 'Below the limit it takes no message any more; the alert begins at twenty times the limit.',
      unit: 'bytes',
      queries: [
        ['available', 'rabbitmq_disk_space_available_bytes'],
        ['limit', 'rabbitmq_disk_space_available_limit_bytes'],
      ],
    },
    {
      id: 10,
      title: 'Memory of the broker',
      description: 'Share of what it may use. At 100 % it takes no message until it has less.',
      unit: 'percentunit',
      limit: 0.8,
      queries: [['used', 'rabbitmq_process_resident_memory_bytes / rabbitmq_resident_memory_limit_bytes']],
    },
    {
      id: 11,
      title: 'Deliveries',
      description: 'By what became of them: handled, duplicate (the inbox knew it), retried, dead_lettered.',
      unit: 'cps',
      queries: [['{{queue}} {{outcome}}', 'sum by (queue, outcome) (rate(messages_handled_total[$__rate_interval]))']],
    },
    {
      id: 12,
      title: 'Waiting for another try',
      description: 'Messages whose handling failed, in the queues of the delays: 1 s, 5 s, 30 s, 2 min, 10 min.',
      unit: 'short',
      queries: [['{{queue}}', 'sum by (queue) (rabbitmq_detailed_queue_messages{queue=~".*[.]retry[.].*"})']],
    },
    {
      id: 13,
      title: 'Queues with other arguments',
      description: 'How many processes declare it with other arguments than the broker has. It is used as it is.',
      unit: 'short',
      limit: 1,
      queries: [['{{service}} {{queue}}', 'sum by (service, queue) (broker_topology_differences)']],
    },
  ],
};

export const system: Dashboard = {
  uid: 'services',
  title: 'Services',
  description: 'Rate, errors and duration of each service; what it uses and what it waits for; databases and host.',
  panels: [
    {
      id: 1,
      title: 'Processes that answer',
      description: 'Of each service. Two of each is the normal case in Compose.',
      unit: 'short',
      queries: [['{{job}}', `sum by (job) (up{${services}})`]],
    },
    {
      id: 2,
      title: 'Requests',
      description: 'All routes, those of health and metrics too.',
      unit: 'reqps',
      queries: [['{{service}}', 'sum by (service) (rate(http_request_duration_seconds_count[$__rate_interval]))']],
    },
    {
      id: 3,
      title: 'Answers 5xx',
      description:
        '503 says overloaded or unavailable, with nothing done; 500 is a fault of ours and is in the log with its trace id.',
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
      title: 'Time to answer, 99 %',
      description: 'By route. The deadlines are 1.5 s between the services and 2.5 s for an order.',
      unit: 's',
      queries: [
        ['{{service}} {{route}}', quantile(0.99, 'http_request_duration_seconds_bucket', 'service, route, le')],
      ],
    },
    {
      id: 5,
      title: 'Processor',
      description: 'Of each process, in cores. A process of Node uses hardly more than one.',
      unit: 'percentunit',
      queries: [['{{job}} {{instance}}', `rate(process_cpu_seconds_total{${services}}[$__rate_interval])`]],
    },
    {
      id: 6,
      title: 'Lag of the event loop, 99 %',
      description: 'How late the process comes to its work; 10 ms is the resolution of the measurement.',
      unit: 's',
      queries: [['{{job}} {{instance}}', `nodejs_eventloop_lag_p99_seconds{${services}}`]],
    },
    {
      id: 7,
      title: 'Refused as overloaded, in 5 minutes',
      description:
        'By a full queue of a batch, or unseen because the process was behind. Answered 503 with nothing done.',
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
      description: 'Callers in front of the pool. Now and then is normal, always is not.',
      unit: 'short',
      limit: 1,
      queries: [['{{service}} {{instance}}', 'db_pool_waiting']],
    },
    {
      id: 9,
      title: 'Last answer of the database',
      description: 'How long ago. Each process asks every 5 s.',
      unit: 's',
      limit: 20,
      queries: [['{{service}}', 'time() - max by (service) (database_answered_timestamp_seconds)']],
    },
    {
      id: 10,
      title: 'Connections of the pools',
      description: 'Used and idle, over all processes.',
      unit: 'short',
      queries: [['{{service}} {{state}}', 'sum by (service, state) (db_pool_connections)']],
    },
    {
      id: 11,
      title: 'Resident memory',
      description: 'Of each process. It stays below 250 MB under load.',
      unit: 'bytes',
      queries: [['{{job}} {{instance}}', `process_resident_memory_bytes{${services}}`]],
    },
    {
      id: 12,
      title: 'Waiting for a batch',
      description: 'Members in the queue, at the moment of the scrape.',
      unit: 'short',
      queries: [['{{stage}} {{instance}}', 'batch_queue_length']],
    },
    {
      id: 13,
      title: 'Age of the newest backup',
      description: 'Of each database; one is made every hour. Only where the backups run.',
      unit: 's',
      limit: 7200,
      queries: [['{{database}}', 'time() - backup_last_success_timestamp_seconds']],
    },
    {
      id: 14,
      title: 'Sessions in PostgreSQL',
      description: 'By database and state, and how many it takes. "idle in transaction" that stays is a fault.',
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
      title: 'Memory of the host',
      description: 'Share that is in use and cannot be given back at once.',
      unit: 'percentunit',
      queries: [['used', '1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes']],
    },
    {
      id: 18,
      title: 'Disk of the host',
      description: 'Share that is in use, by file system.',
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
      description: 'The disk under the log is full, or nobody reads the output of the process.',
      unit: 'short',
      limit: 1,
      queries: [['{{service}} {{instance}}', 'sum by (service, instance) (increase(log_lines_dropped_total[5m]))']],
    },
  ],
};

export const kong: Dashboard = {
  uid: 'kong',
  title: 'Kong',
  description: 'The gateway: what clients got, and how much of the time was its own.',
  panels: [
    {
      id: 1,
      title: 'Kong answers',
      description: '1: it gives its metrics, and the probe (where there is one) gets an answer through TLS.',
      unit: 'short',
      queries: [
        ['up', 'max by (job) (up{job="kong"})'],
        ['probe', 'max by (job) (probe_success{job="gateway-probe"})'],
      ],
    },
    {
      id: 2,
      title: 'Answers by status',
      description:
        'All routes. 401 and 403: keys. 429: more than the limit of a client. 502, 503, 504: a service does not answer.',
      unit: 'reqps',
      queries: [['{{code}}', 'sum by (code) (rate(kong_http_requests_total[$__rate_interval]))']],
    },
    {
      id: 3,
      title: 'Requests by route',
      description: 'Names as in kong/kong.yml. What matches no route is not counted.',
      unit: 'reqps',
      queries: [['{{route}}', 'sum by (route) (rate(kong_http_requests_total[$__rate_interval]))']],
    },
    {
      id: 4,
      title: 'Time to answer, as clients see it',
      description: 'From the first byte of a request to the last of its answer.',
      unit: 'ms',
      queries: [0.5, 0.99].map((share) => [`${share * 100} %`, quantile(share, 'kong_request_latency_ms_bucket')]),
    },
    {
      id: 5,
      title: "Kong's share and the services', 99 %",
      description: 'What Kong took for itself, and how long it waited for a service.',
      unit: 'ms',
      queries: [
        ['Kong', quantile(0.99, 'kong_kong_latency_ms_bucket')],
        ['{{service}}', quantile(0.99, 'kong_upstream_latency_ms_bucket', 'service, le')],
      ],
    },
    {
      id: 6,
      title: 'Healthy processes behind Kong',
      description: 'By its own health checks. A process that starts or drains is none.',
      unit: 'short',
      queries: [['{{upstream}}', 'sum by (upstream) (kong_upstream_target_health{state="healthy"})']],
    },
    {
      id: 7,
      title: 'The certificate is valid for',
      description: 'The one that is really shown. The alert begins at 14 days.',
      unit: 's',
      queries: [['certificate', 'probe_ssl_earliest_cert_expiry - time()']],
    },
    {
      id: 8,
      title: 'Bytes',
      description: 'In and out, with headers.',
      unit: 'Bps',
      queries: [['{{direction}}', 'sum by (direction) (rate(kong_bandwidth_bytes[$__rate_interval]))']],
    },
    {
      id: 9,
      title: 'Kong reaches its database',
      description: '1: yes. Without it, Kong goes on with what it has read, and keys that it has not seen yet fail.',
      unit: 'short',
      queries: [['reachable', 'kong_datastore_reachable']],
    },
  ],
};

/** All of them, by the name of their file. */
export const dashboards: Record<string, Dashboard> = { orders, stock, messaging, services: system, kong };
