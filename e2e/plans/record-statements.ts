import pg from 'pg';

// Statements without a plan.
const WITHOUT_PLAN = /^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|LOCK|SELECT 1$)/i;

/**
 * Record all statements that these database roles send from this process, until `stop`. The texts are those that
 * PostgreSQL receives.
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
    /** Whether a statement is named, so that its session keeps its plan. Others are planned each time. */
    isKept: (text: string): boolean => kept.has(text),
    /** All statements of a role since the last call, including BEGIN and COMMIT. */
    take: (role: string): string[] => all(role).splice(0),
    stop() {
      pg.Client.prototype.query = original;
    },
  };
}
