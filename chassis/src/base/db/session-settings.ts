/**
 * Settings that affect the format of values and the behaviour of transactions are set for each session, because a default of the
 * role, the database or the server could change them: another `datestyle` makes times unreadable.
 * `default_transaction_read_only` is not set, because it is used to make a database read-only.
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

/** The startup parameter `options`: the fixed settings and those of this connection. */
export function sessionOptions(settings: Readonly<Record<string, string | number>> = {}): string {
  return Object.entries({ ...FIXED, ...settings })
    .map(([name, value]) => `-c ${name}=${String(value).replace(/[\\ ]/g, '\\$&')}`)
    .join(' ');
}
