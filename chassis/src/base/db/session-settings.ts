/**
 * What decides how values are written and read, and how a transaction behaves, is fixed for each session, because a default
 * of the role, the database or the server would change it behind the services' back: a `datestyle` makes times unreadable.
 * `default_transaction_read_only` is left alone: it says that the database shall not be written.
 */
const FIXED = {
  datestyle: 'ISO,MDY',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  transform_null_equals: 'off',
  search_path: 'public',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  row_security: 'on',
};

/** The startup parameter `options`: the fixed settings, and those of this connection. */
export function sessionOptions(settings: Readonly<Record<string, string | number>> = {}): string {
  return Object.entries({ ...FIXED, ...settings })
    .map(([name, value]) => `-c ${name}=${String(value).replace(/[\\ ]/g, '\\$&')}`)
    .join(' ');
}
