import { Navigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { SessionRefusedError, signIn } from '../../shared/api/session.ts';
import { useSession } from '../../shared/api/use-session.ts';
import { Button } from '../../shared/components/button.tsx';
import { Field } from '../../shared/components/field.tsx';
import { words } from '../../shared/words/locale.ts';
import { Entrance } from '../parts/entrance.tsx';

/** Mail address and password; then the page that was wanted. */
export function SignInPage() {
  const session = useSession();
  const { next } = useSearch({ strict: false }) as { next?: string };
  const [notice, setNotice] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  if (session.state === 'signed-in') return <Navigate to={pathOf(next)} replace />;

  const submit = async (event: React.FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setNotice(undefined);
    try {
      await signIn(String(form.get('email')), String(form.get('password')));
    } catch (error) {
      setNotice(refusalText(error as Error));
    } finally {
      setBusy(false);
    }
  };
  const hasEnded = session.state === 'signed-out' && session.hasEnded;
  return (
    <Entrance
      title={words.shell.signInTitle}
      hint={words.shell.signInHint}
      notice={notice ?? (hasEnded ? words.shell.sessionEnded : undefined)}
    >
      <form onSubmit={(event) => void submit(event)}>
        <Field label={words.shell.email} name="email" type="email" autoComplete="username" isRequired autoFocus />
        <Field
          label={words.shell.password}
          name="password"
          type="password"
          autoComplete="current-password"
          isRequired
        />
        <Button kind="main" type="submit" isBusy={isBusy}>
          {words.shell.signIn}
        </Button>
      </form>
    </Entrance>
  );
}

/** Only addresses of the console: a link must not lead to another site after signing in. */
function pathOf(next: string | undefined): string {
  const path = next?.replace(/^\/console(?=\/|$)/, '') ?? '/';
  return /^\/(?![/\\])/.test(path) && !path.startsWith('/sign-in') ? path : '/';
}

/** Why it was refused, in words for the person. */
export function refusalText(error: Error): string {
  if (!(error instanceof SessionRefusedError)) return words.shell.errorNoAnswerText;
  const { problem, retryAfterSeconds } = error;
  if (problem.code === 'invalid-credentials') return words.shell.invalidCredentials;
  if (problem.code === 'token-invalid') return words.shell.linkInvalid;
  if (problem.status === 429) return words.shell.tooManyAttempts(Math.max(1, Math.ceil(retryAfterSeconds / 60)));
  return problem.detail ?? problem.title;
}
