import { Navigate } from '@tanstack/react-router';
import { useState } from 'react';
import { verifyAccount } from '../../shared/api/session.ts';
import { useSession } from '../../shared/api/use-session.ts';
import { Button } from '../../shared/components/button.tsx';
import { Field } from '../../shared/components/field.tsx';
import { words } from '../../shared/words/locale.ts';
import { Entrance } from '../parts/entrance.tsx';
import { refusalText } from './sign-in.tsx';

// It stands after `#`, so that it is in no request and no log; and it leaves the address at once.
const token = location.pathname.endsWith('/welcome') ? location.hash.slice(1) : '';
if (token !== '') history.replaceState(history.state, '', location.pathname);

/** The link of an invitation: name and password. */
export function WelcomePage() {
  const session = useSession();
  const [notice, setNotice] = useState(token === '' ? words.shell.linkIncomplete : undefined);
  const [isBusy, setBusy] = useState(false);
  const [isDone, setDone] = useState(false);
  if (isDone) return <Navigate to={session.state === 'signed-in' ? '/' : '/sign-in'} replace />;

  const submit = async (event: React.FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setNotice(undefined);
    try {
      await verifyAccount(token, String(form.get('name')), String(form.get('password')));
      setDone(true);
    } catch (error) {
      setNotice(refusalText(error as Error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Entrance title={words.shell.welcomeTitle} notice={notice}>
      <form onSubmit={(event) => void submit(event)}>
        <Field label={words.shell.name} name="name" autoComplete="name" isRequired autoFocus />
        <Field
          label={words.shell.password}
          hint={words.shell.welcomeHint}
          name="password"
          type="password"
          autoComplete="new-password"
          isRequired
        />
        <Button kind="main" type="submit" isBusy={isBusy} isDisabled={token === ''}>
          {words.shell.createAccount}
        </Button>
      </form>
    </Entrance>
  );
}
