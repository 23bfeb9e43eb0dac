import { Link } from '@tanstack/react-router';
import { useRoles } from '../../shared/api/use-session.ts';

interface AccountLinkProps {
  /** Absent of clients and services. */
  account: string | undefined;
  children: React.ReactNode;
}

/** The way to a person's account, for those who may see accounts; for others, and without an account, the text alone. */
export function AccountLink({ account, children }: AccountLinkProps) {
  const mayOpen = useRoles().includes('backoffice');
  if (account === undefined || !mayOpen) return children;
  return (
    <Link to="/accounts/$account" params={{ account }}>
      {children}
    </Link>
  );
}
