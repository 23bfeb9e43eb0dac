import { words } from '../words/locale.ts';
import { Button } from './button.tsx';
import styles from './filters.module.css';

interface FiltersProps {
  children: React.ReactNode;
  /** Absent while there is no filter. */
  onClear?: (() => void) | undefined;
}

/** The filters above a list. */
export function Filters({ children, onClear }: FiltersProps) {
  return (
    <search className={styles.filters}>
      {children}
      {onClear && (
        <Button kind="plain" onPress={onClear}>
          {words.shell.clearFilters}
        </Button>
      )}
    </search>
  );
}
