import { isRefusal } from '@shop/client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { api } from '../../shared/api/client.ts';
import { Button } from '../../shared/components/button.tsx';
import { EmptyState } from '../../shared/components/empty-state.tsx';
import { ErrorPanel } from '../../shared/components/error-panel.tsx';
import { Field } from '../../shared/components/field.tsx';
import { words } from '../../shared/words/locale.ts';
import { isId, isMailAddress } from '../stories/accounts.ts';
import styles from './find-account.module.css';

declare module '@tanstack/react-router' {
  interface HistoryState {
    /** The mail address to look up: it must not be in an address, which is logged in many places. */
    email?: string;
  }
}

/** Finds an account by mail address or id, and opens its page. The search of the frame hands a mail address over. */
export function FindAccount() {
  const { email } = useLocation({ select: ({ state }) => state });
  return <FindForm key={email ?? ''} handedOver={email} />;
}

function FindForm({ handedOver = '' }: { handedOver?: string | undefined }) {
  const [text, setText] = useState(handedOver);
  const [isNeither, setNeither] = useState(false);
  const { lookUp, navigateTo } = useLookUp(handedOver !== '');
  const { mutate } = lookUp;
  useEffect(() => {
    if (handedOver !== '') mutate(handedOver);
  }, [handedOver, mutate]);

  const find = (event: React.FormEvent) => {
    event.preventDefault();
    const wanted = text.trim();
    setNeither(!isId(wanted) && !isMailAddress(wanted));
    if (isId(wanted)) navigateTo(wanted.toLowerCase());
    else if (isMailAddress(wanted)) mutate(wanted);
  };
  const isUnknown = isRefusal(lookUp.error, 'account-not-found');
  const isInvalid = isNeither || isRefusal(lookUp.error, 'validation-failed');
  return (
    <section aria-label={words.accounts.findTitle}>
      <form className={styles.form} onSubmit={find}>
        <Field
          label={words.accounts.mailOrId}
          hint={words.accounts.mailOrIdHint}
          error={isInvalid ? words.accounts.neither : undefined}
          value={text}
          onChange={(value) => {
            setText(value);
            setNeither(false);
            if (!lookUp.isIdle) lookUp.reset();
          }}
          inputMode="email"
          autoComplete="off"
          spellCheck="false"
        />
        <Button kind="main" type="submit" isBusy={lookUp.isPending}>
          {words.accounts.find}
        </Button>
      </form>
      <div role="status">
        {isUnknown && (
          <EmptyState title={words.accounts.noneOfMail(lookUp.variables ?? '')}>
            {words.accounts.noneOfMailText}
          </EmptyState>
        )}
      </div>
      {lookUp.isError && !isUnknown && !isInvalid && (
        <ErrorPanel error={lookUp.error} onRetry={() => mutate(lookUp.variables ?? '')} />
      )}
    </section>
  );
}

/** `isHandedOver`: the page was only a step on the way, to which "back" must not return. */
function useLookUp(isHandedOver: boolean) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const navigateTo = (account: string) =>
    void navigate({ to: '/accounts/$account', params: { account }, replace: isHandedOver });
  const lookUp = useMutation({
    mutationFn: (email: string) => api.accounts.lookUp({ email }),
    onSuccess: (account) => {
      queries.setQueryData(['account', account.id], account);
      navigateTo(account.id);
    },
  });
  return { lookUp, navigateTo };
}
