import { type Mood, Status } from '../../shared/components/status.tsx';
import { words } from '../../shared/words/locale.ts';

const looks: Record<string, { mood: Mood; mark: string; text: string }> = {
  active: { mood: 'good', mark: '●', text: words.accounts.active },
  unverified: { mood: 'waiting', mark: '◐', text: words.accounts.unverified },
  deleted: { mood: 'quiet', mark: '⊘', text: words.accounts.deleted },
};

/** The status of an account. One that this version does not know is shown as it is. */
export function AccountStatus({ status }: { status: string }) {
  const { mood, mark, text } = looks[status] ?? { mood: 'quiet', mark: '○', text: status };
  return (
    <Status mood={mood} mark={mark}>
      {text}
    </Status>
  );
}
