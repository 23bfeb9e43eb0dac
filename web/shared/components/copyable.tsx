import { useState } from 'react';
import { words } from '../words/locale.ts';
import styles from './copyable.module.css';

interface CopyableProps {
  value: string;
  /** What it is, for the button's name: “trace id”. */
  what: string;
  /** Whether it is read as well as copied, such as a command. */
  isWhole?: boolean;
}

const SHOWN_MS = 1_500;

/** An id or a key, shortened in the middle, or a text to read; copied whole. */
export function Copyable({ value, what, isWhole = false }: CopyableProps) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    setCopied(true);
    setTimeout(() => setCopied(false), SHOWN_MS);
  };
  return (
    <button type="button" className={styles.copyable} title={value} onClick={() => void copy()}>
      <code>{isWhole ? value : shortened(value)}</code>
      <span className={styles.mark} aria-hidden="true">
        {isCopied ? '✓' : <CopyIcon />}
      </span>
      <span className="visually-hidden">{words.shell.copy(what)}</span>
      <span className="visually-hidden" role="status">
        {isCopied ? words.shell.copied : ''}
      </span>
    </button>
  );
}

function CopyIcon() {
  return (
    <svg width="14" height="14" viewBox="0 0 14 14" fill="none" aria-hidden="true">
      <path d="M4.5 4.5h7v7h-7zM2.500 9V2.500H9" stroke="currentColor" strokeWidth="1.2" strokeLinejoin="round" />
    </svg>
  );
}

const WHOLE_UP_TO = 20;

function shortened(value: string): string {
  return value.length <= WHOLE_UP_TO ? value : `${value.slice(0, 8)}…${value.slice(-8)}`;
}
