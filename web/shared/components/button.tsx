import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components';
import styles from './button.module.css';

interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'style' | 'children' | 'isPending'> {
  children: React.ReactNode;
  /** `main`: the one action that people came for. `danger`: it cannot be undone. `plain`: no border. */
  kind?: 'main' | 'normal' | 'danger' | 'plain';
  /** It works: it stays where it is, says so, and cannot be pressed again. */
  isBusy?: boolean;
}

/** A button, whose text is a verb and its object. */
export function Button({ kind = 'normal', isBusy = false, children, ...props }: ButtonProps) {
  return (
    <AriaButton {...props} isPending={isBusy} className={`${styles.button} ${styles[kind]}`}>
      {children}
    </AriaButton>
  );
}
