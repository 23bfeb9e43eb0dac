import { Link } from '@tanstack/react-router';
import { servicePaths, useHealth } from '../../shared/api/health.ts';
import { Status } from '../../shared/components/status.tsx';
import { words } from '../../shared/words/locale.ts';
import styles from './health-pill.module.css';

/** In a word, how the system is; it leads to the parts. */
export function HealthPill() {
  const health = useHealth();
  const states = servicePaths.map((service) => ({ service, state: stateOf(health[service]) }));
  const worst = states.find(({ state }) => state === 'down') ?? states.find(({ state }) => state === 'degraded');
  const isChecking = states.some(({ state }) => state === 'unknown');
  return (
    <Link to="/parts" className={styles.pill}>
      {worst?.state === 'down' && (
        <Status mood="bad" mark="✕">
          {words.shell.serviceDown(worst.service)}
        </Status>
      )}
      {worst?.state === 'degraded' && (
        <Status mood="waiting" mark="◐">
          {words.shell.serviceDegraded(worst.service)}
        </Status>
      )}
      {worst === undefined && isChecking && (
        <Status mood="quiet" mark="○">
          {words.shell.checkingHealth}
        </Status>
      )}
      {worst === undefined && !isChecking && (
        <Status mood="good" mark="●">
          {words.shell.allWell}
        </Status>
      )}
    </Link>
  );
}

function stateOf({ data, isError }: ReturnType<typeof useHealth>['orders']): 'ok' | 'degraded' | 'down' | 'unknown' {
  if (isError) return 'down';
  return data?.status ?? 'unknown';
}
