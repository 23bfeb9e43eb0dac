import pg from 'pg';

// Whatever has no plan.
const WITHOUT_PLAN = /^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|SET|LOCK|SELECT 1$)/i;

/**
 * Note every statement that a database role sends from this process, whoever sends it, until `stop`. The texts are those
 * that PostgreSQL got.
 */
export function recordStatements(roles: readonly string[]) {
  const recorded = new Map(roles.map((role) => [role, [] as string[]]));
  const kept = new Set<string>();
  const original = pg.Client.prototype.query;
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const [first] = args as [string | { text?: string; name?: string }];
    const { text, name } = typeof first === 'string' ? { text: first } : (first ?? {});
    if (text !== undefined && name !== undefined) kept.add(text);
    if (text !== undefined) recorded.get(this.user ?? '')?.push(text);
    return Reflect.apply(original, this, args);
  } as typeof original;
  const all = (role: string) => recorded.get(role) ?? [];
  return {
    /** The distinct statements of a role that have a plan. */
    of: (role: string): string[] => [...new Set(all(role).filter((text) => !WITHOUT_PLAN.test(text)))],
    /** Whether a statement has a name: its session keeps its first plan. Others are planned each time. */
    isKept: (text: string): boolean => kept.has(text),
    /** All that a role has sent since the last time, one by one, BEGIN and COMMIT among them. */
    take: (role: string): string[] => all(role).splice(0),
    stop() {
      pg.Client.prototype.query = original;
    },
  };
}
