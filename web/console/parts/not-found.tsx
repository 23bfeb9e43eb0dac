import { Link } from '@tanstack/react-router';
import { EmptyState } from '../../shared/components/empty-state.tsx';
import { Page } from '../../shared/components/page.tsx';
import { words } from '../../shared/words/locale.ts';

/** For an address without a page. */
export function NotFound() {
  return (
    <Page title={words.shell.notFoundTitle}>
      <EmptyState title={words.shell.notFoundText}>
        <Link to="/">{words.shell.toOverview}</Link>
      </EmptyState>
    </Page>
  );
}
