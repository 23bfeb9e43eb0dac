import { isRefusal, type WholeDeadLetter } from '@shop/client';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { api } from '../../shared/api/client.ts';
import { Copyable } from '../../shared/components/copyable.tsx';
import { EmptyState } from '../../shared/components/empty-state.tsx';
import { ErrorPanel } from '../../shared/components/error-panel.tsx';
import { Facts } from '../../shared/components/facts.tsx';
import { Loading, Page } from '../../shared/components/page.tsx';
import { Panel } from '../../shared/components/panel.tsx';
import { Time } from '../../shared/components/time.tsx';
import { words } from '../../shared/words/locale.ts';
import { Actor } from '../parts/actor.tsx';
import { DeadLetterActions } from '../parts/dead-letter-actions.tsx';
import { DeadLetterStatus } from '../parts/dead-letter-status.tsx';
import thing from '../parts/thing.module.css';
import { letterEvents, readableBody } from '../stories/dead-letters.ts';
import styles from './failure.module.css';

/** One dead letter: why it stopped, every attempt, and the message itself. */
export function FailurePage() {
  const { service = '', letter: id = '' } = useParams({ strict: false }) as { service?: string; letter?: string };
  const letter = useQuery({
    queryKey: ['dead-letter', service, id],
    queryFn: ({ signal }) => findLetter(service, id, signal),
    refetchInterval: 5_000,
  });
  if (letter.data) return <Letter service={service} letter={letter.data} />;
  return (
    <Page title={words.failures.title}>
      {letter.isPending && <Loading />}
      {letter.data === null && (
        <EmptyState title={words.failures.notFound}>
          <Link to="/failures">{words.failures.all}</Link>
        </EmptyState>
      )}
      {letter.isError && <ErrorPanel error={letter.error} onRetry={() => void letter.refetch()} />}
    </Page>
  );
}

/** `null` if there is none. */
async function findLetter(service: string, id: string, signal: AbortSignal): Promise<WholeDeadLetter | null> {
  try {
    return await api.operations(service).deadLetter(id, { signal });
  } catch (error) {
    if (isRefusal(error, 'dead-letter-not-found')) return null;
    throw error;
  }
}

function Letter({ service, letter }: { service: string; letter: WholeDeadLetter }) {
  const { type, status, reason, group } = letter;
  return (
    <Page title={words.failures.messageType(type)} aside={<DeadLetterActions service={service} letter={letter} />}>
      <p className={thing.sentence}>
        <DeadLetterStatus status={status} />
        <span>{words.failures.why(reason)}</span>
        <Link to={`/failures/${service}`} search={{ group }}>
          {letter.queue}
        </Link>
      </p>
      <div className={thing.columns}>
        <LetterFacts letter={letter} />
        <Panel title={words.failures.history}>
          <History letter={letter} />
        </Panel>
      </div>
      <div className={styles.message}>
        <Panel title={words.failures.body}>
          <pre className={styles.text}>{readableBody(letter.message.body)}</pre>
        </Panel>
        <Panel title={words.failures.headers}>
          <pre className={styles.text}>{JSON.stringify(letter.message.headers, undefined, 2)}</pre>
        </Panel>
      </div>
    </Page>
  );
}

function LetterFacts({ letter: { id, subjectId, attempts, createdAt, message } }: { letter: WholeDeadLetter }) {
  return (
    <Panel title={words.failures.facts}>
      <Facts
        facts={[
          [words.failures.id, <Copyable key="id" value={id} what={words.failures.id} />],
          [
            words.failures.subject,
            subjectId && (
              <Link key="subject" to={`/orders/${subjectId}`}>
                {subjectId}
              </Link>
            ),
          ],
          [words.failures.attempts, attempts],
          [words.failures.arrived, <Time key="arrived" at={createdAt} />],
          [words.failures.messageId, <Copyable key="message" value={message.id} what={words.failures.messageId} />],
          [words.failures.routingKey, message.routingKey],
        ]}
      />
    </Panel>
  );
}

function History({ letter }: { letter: WholeDeadLetter }) {
  return (
    <ol className={styles.history}>
      {letterEvents(letter, words.failures).map(({ key, at, title, who, detail, stack, mood }) => (
        <li key={key}>
          <span className={styles.when}>{at !== undefined && <Time at={at} />}</span>
          <div className={styles.what}>
            <span className={mood === 'bad' ? styles.bad : undefined}>{title}</span>{' '}
            {who !== undefined && (
              <span className={styles.quiet}>
                · <Actor actor={who} />
              </span>
            )}
            {detail !== undefined && <p className={styles.quiet}>{detail}</p>}
            {stack !== undefined && (
              <details>
                <summary>{words.failures.stack}</summary>
                <pre className={styles.text}>{stack}</pre>
              </details>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}
