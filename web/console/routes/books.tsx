import { useSession } from '../../shared/api/use-session.ts';
import { EmptyState } from '../../shared/components/empty-state.tsx';
import { Page } from '../../shared/components/page.tsx';
import { words } from '../../shared/words/locale.ts';
import { ServiceBooks } from '../parts/service-books.tsx';
import styles from './books.module.css';

/** The comparisons of what must agree: orders with reservations, levels with their ledger. */
export function BooksPage() {
  const session = useSession();
  const isOperations = session.state === 'signed-in' && session.person.roles.includes('operations');
  return (
    <Page title={words.books.title}>
      {isOperations ? (
        <>
          <p className={styles.intro}>{words.books.intro}</p>
          <div className={styles.books}>
            <ServiceBooks service="orders" />
            <ServiceBooks service="inventory" />
          </div>
        </>
      ) : (
        <EmptyState title={words.books.needsOperations} />
      )}
    </Page>
  );
}
