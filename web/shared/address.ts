import { useNavigate, useSearch } from '@tanstack/react-router';

/** The filters of a page, which are in its address, so that a link shows the same. An empty value is no filter. */
export function useFilters<Name extends string>(): [
  filters: Readonly<Partial<Record<Name, string>>>,
  change: (changes: Partial<Record<Name, string | undefined>>) => void,
] {
  const filters = useSearch({ strict: false }) as Partial<Record<Name, string>>;
  const navigate = useNavigate();
  const change = (changes: Partial<Record<Name, string | undefined>>) => {
    void navigate({ to: '.', search: (before: object) => ({ ...before, ...changes }) });
  };
  return [filters, change];
}
