import { RefusedError, ShopError } from '@shop/client';
import { currentSession } from '../api/session.ts';
import { words } from '../words/locale.ts';
import { Button } from './button.tsx';
import { Copyable } from './copyable.tsx';
import styles from './error-panel.module.css';

interface ErrorPanelProps {
  error: Error;
  onRetry?: () => void;
}

/** What happened to a call, what it means, and what to quote to those who run the system. */
export function ErrorPanel({ error, onRetry }: ErrorPanelProps) {
  const { title, text } = describe(error);
  const { code, traceId } = error instanceof ShopError ? (error.problem ?? {}) : {};
  const key = error instanceof ShopError ? error.key : undefined;
  return (
    <div className={styles.panel} role="alert">
      <p className={styles.title}>✕ {title}</p>
      <p>{text}</p>
      {(code ?? traceId ?? key) !== undefined && (
        <dl className={styles.facts}>
          {code !== undefined && <Fact name={words.shell.code} value={code} />}
          {traceId !== undefined && <Fact name={words.shell.traceId} value={traceId} />}
          {key !== undefined && <Fact name={words.shell.idempotencyKey} value={key} />}
        </dl>
      )}
      {onRetry && <Button onPress={onRetry}>{words.shell.retry}</Button>}
    </div>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <Copyable value={value} what={name} />
      </dd>
    </div>
  );
}

function describe(error: Error): { title: string; text: string } {
  const { shell } = words;
  if (error instanceof RefusedError && error.status === 403) {
    const session = currentSession();
    const roles = session.state === 'signed-in' ? session.person.roles.join(', ') : '';
    return { title: shell.errorForbidden, text: shell.errorForbiddenText(roles) };
  }
  if (error instanceof RefusedError) {
    const { title, detail } = error.problem;
    return { title, text: detail ?? '' };
  }
  if (error instanceof ShopError) return { title: shell.errorNoAnswer, text: shell.errorNoAnswerText };
  return { title: shell.errorDefect, text: `${shell.errorDefectText} (${error.message})` };
}
