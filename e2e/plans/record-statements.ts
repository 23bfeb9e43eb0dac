import pg from 'pg';

// Whatever has no plan.
const WITHOUT_PLAN = /^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|SET|LOCK|SELECT 1$)/i;

/**
 * Note every statement that a database role sends from this process, whoever sends it, until `stop`. The texts are those
 * that PostgreSQL got.
 */
export function recordStatements(roles: readonly string[]) {
  const recorded = new Map(roles.map((role) => [role, new Set<string>()]));
  const original = pg.Client.prototype.query;
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const [first] = args as [string | { text?: string }];
    const text = typeof first === 'string' ? first : first?.text;
    if (text !== undefined && !WITHOUT_PLAN.test(text)) recorded.get(this.user ?? '')?.add(text);
    return Reflect.apply(original, this, args);
  } as typeof original;
  return {
    /** The distinct statements of a role. */
    of: (role: string): string[] => [...(recorded.get(role) ?? [])],
    stop() {
      pg.Client.prototype.query = original;
    },
  };
}
