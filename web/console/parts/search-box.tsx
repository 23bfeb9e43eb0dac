import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { isTyping } from '../../shared/components/row-keys.ts';
import { words } from '../../shared/words/locale.ts';
import { destinationOf } from '../stories/search.ts';
import { Icon } from './icon.tsx';
import { findSku } from './product.ts';
import styles from './search-box.module.css';

/** Finds by what people have in hand: a number, an id, a SKU, a customer. `/` leads to it. */
export function SearchBox() {
  const navigate = useNavigate();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== '/' || isTyping(event.target)) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  const search = async (event: React.FormEvent) => {
    event.preventDefault();
    const destination = destinationOf(text, await findSku(text));
    if (destination === undefined) return;
    setText('');
    input.current?.blur();
    void navigate(destination);
  };
  return (
    <search className={styles.search}>
      <form onSubmit={(event) => void search(event)}>
        <Icon name="search" />
        <input
          ref={input}
          className={styles.input}
          aria-label={words.shell.searchLabel}
          placeholder={words.shell.search}
          value={text}
          enterKeyHint="search"
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => event.key === 'Escape' && input.current?.blur()}
        />
        <span className={styles.key} aria-hidden="true">
          /
        </span>
      </form>
    </search>
  );
}
