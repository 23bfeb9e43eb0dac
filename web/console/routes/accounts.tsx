import { useRoles } from '../../shared/api/use-session.ts';
import { EmptyState } from '../../shared/components/empty-state.tsx';
import { Page } from '../../shared/components/page.tsx';
import { words } from '../../shared/words/locale.ts';
import { FindAccount } from '../parts/find-account.tsx';
import { Staff } from '../parts/staff.tsx';

/** Finding the account of a person, and who is staff. */
export function AccountsPage() {
  const roles = useRoles();
  return (
    <Page title={words.accounts.title}>
      {roles.includes('backoffice') ? (
        <FindAccount />
      ) : (
        <EmptyState title={words.shell.errorForbidden}>{words.shell.errorForbiddenText(roles.join(', '))}</EmptyState>
      )}
      <Staff />
    </Page>
  );
}
