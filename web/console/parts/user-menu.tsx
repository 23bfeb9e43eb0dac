import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Button, Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover, Separator } from 'react-aria-components';
import { type Person, signOut } from '../../shared/api/session.ts';
import { chooseTheme, currentTheme, type Theme } from '../../shared/theme.ts';
import { chooseLocale, locale, words } from '../../shared/words/locale.ts';
import type { Locale } from '../../shared/words/words.ts';
import styles from './user-menu.module.css';

const themes: readonly [Theme, string][] = [
  ['system', words.shell.themeSystem],
  ['light', words.shell.themeLight],
  ['dark', words.shell.themeDark],
];
const locales: readonly [Locale, string][] = [
  ['en', 'English'],
  ['de', 'Deutsch'],
];

/** Who is signed in, and what they may choose for themselves. */
export function UserMenu({ person }: { person: Person }) {
  const queries = useQueryClient();
  const [theme, setTheme] = useState(currentTheme);
  const name = person.name ?? person.email;
  const leave = async () => {
    await signOut();
    queries.clear();
  };
  return (
    <MenuTrigger>
      <Button className={`${styles.trigger}`}>
        <span className={styles.initials} aria-hidden="true">
          {initialsOf(name)}
        </span>
        <span className="visually-hidden">{words.shell.userMenu(name)}</span>
      </Button>
      <Popover placement="bottom end" className={`${styles.popover}`}>
        <div className={styles.person}>
          <strong>{name}</strong>
          <span>{person.email}</span>
          <span>{person.roles.join(', ')}</span>
        </div>
        <Menu className={`${styles.menu}`} aria-label={words.shell.userMenu(name)}>
          <MenuSection
            selectionMode="single"
            disallowEmptySelection
            selectedKeys={[theme]}
            onSelectionChange={(keys) => {
              const [chosen] = [...keys] as Theme[];
              chooseTheme(chosen ?? 'system');
              setTheme(chosen ?? 'system');
            }}
          >
            <Header className={styles.header}>{words.shell.theme}</Header>
            {themes.map(([id, text]) => (
              <MenuItem key={id} id={id} className={`${styles.item}`}>
                {text}
              </MenuItem>
            ))}
          </MenuSection>
          <MenuSection
            selectionMode="single"
            disallowEmptySelection
            selectedKeys={[locale]}
            onSelectionChange={(keys) => chooseLocale([...keys][0] as Locale)}
          >
            <Header className={styles.header}>{words.shell.language}</Header>
            {locales.map(([id, text]) => (
              <MenuItem key={id} id={id} className={`${styles.item}`}>
                {text}
              </MenuItem>
            ))}
          </MenuSection>
          <Separator className={`${styles.separator}`} />
          <MenuItem className={`${styles.item}`} onAction={() => void leave()}>
            {words.shell.signOut}
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

function initialsOf(name: string): string {
  const words = name.split(/[\s.@_-]+/).filter(Boolean);
  return `${words[0]?.[0] ?? ''}${words[1]?.[0] ?? ''}`.toUpperCase();
}
