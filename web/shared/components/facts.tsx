import styles from './facts.module.css';

interface FactsProps {
  /** Name and value; those without a value are left out. */
  facts: readonly (readonly [name: string, value: React.ReactNode])[];
}

/** What is known about a thing, as names and values. */
export function Facts({ facts }: FactsProps) {
  const known = facts.filter(([, value]) => value !== undefined && value !== null && value !== '');
  return (
    <dl className={styles.facts}>
      {known.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
