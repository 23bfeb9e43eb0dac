/**
 * Metrics that other programs export and that rules and dashboards may use, named as in their documentation.
 * `npm run monitoring` compares the names of RabbitMQ with a real broker.
 */
export const otherMetrics = {
  /** Prometheus itself, for each target. */
  prometheus: ['up'],
  /** The plugin rabbitmq_prometheus: GET /metrics, and GET /metrics/detailed for our queues (rabbitmq.com/docs/prometheus). */
  rabbitmq: [
    'rabbitmq_disk_space_available_bytes',
    'rabbitmq_disk_space_available_limit_bytes',
    'rabbitmq_process_resident_memory_bytes',
    'rabbitmq_resident_memory_limit_bytes',
    'rabbitmq_detailed_queue_consumers',
    'rabbitmq_detailed_queue_messages',
  ],
  /** The plugin prometheus of Kong 3.9 with the settings of kong/kong.yml. */
  kong: [
    'kong_bandwidth_bytes',
    'kong_datastore_reachable',
    'kong_http_requests_total',
    'kong_kong_latency_ms_bucket',
    'kong_request_latency_ms_bucket',
    'kong_upstream_latency_ms_bucket',
    'kong_upstream_target_health',
  ],
  /** postgres_exporter 0.19. */
  postgres: [
    'pg_database_size_bytes',
    'pg_settings_max_connections',
    'pg_stat_activity_count',
    'pg_stat_database_xact_commit',
    'pg_stat_database_xact_rollback',
  ],
  /** node_exporter 1.11, with the textfile of deploy/backup. */
  node: [
    'node_filesystem_avail_bytes',
    'node_filesystem_size_bytes',
    'node_memory_MemAvailable_bytes',
    'node_memory_MemTotal_bytes',
    'node_textfile_scrape_error',
    'backup_last_success_timestamp_seconds',
  ],
  /** blackbox_exporter 0.28. */
  blackbox: ['probe_ssl_earliest_cert_expiry', 'probe_success'],
};
