import { Panel } from '../../shared/components/panel.tsx';
import { words } from '../../shared/words/locale.ts';
import styles from './staff.module.css';

const commands: readonly [what: string, command: string][] = [
  [words.accounts.inviteCommand, 'npm run staff -- add kim@example.org --role backoffice --role operations'],
  [words.accounts.listCommand, 'npm run staff -- list'],
  [words.accounts.removeCommand, 'npm run staff -- remove kim@example.org'],
];

/** How people become staff. Only a command changes roles, so that no session of the console can. */
export function Staff() {
  return (
    <Panel title={words.accounts.staff}>
      <p>{words.accounts.staffText}</p>
      <dl className={styles.commands}>
        {commands.map(([what, command]) => (
          <div key={command}>
            <dt>{what}</dt>
            <dd>
              <code>{command}</code>
            </dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
