/** Icons of 16 px, drawn with one stroke. */
const paths = {
  overview: 'M2.5 8.5 8 3l5.5 5.5M4 7.5V13h8V7.5',
  orders: 'M3.5 2.5h9v11l-2.2-1.4L8 13.5l-2.3-1.4-2.2 1.4zM6 6h4M6 9h4',
  stock: 'm8 2 5.5 3v6L8 14l-5.5-3V5zM2.7 5.1 8 8l5.3-2.9M8 8v6',
  failures: 'M8 2.5 14 13H2zM8 6.5V9.500M8 11.300v.1',
  books:
    'M8 4C6.500 3 4.500 2.700 2.500 3v9.500c2-.3 4 0 5.500 1 1.500-1 3.500-1.300 5.500-1V3c-2-.3-4 0-5.500 1zm0 0v9.500',
  accounts: 'M8 8a2.600 2.600 0 1 0 0-5.200A2.600 2.600 0 0 0 8 8zM3 13.500c.3-2.500 2.300-4 5-4s4.700 1.500 5 4',
  parts: 'M2.500 3.500h11v3.500h-11zM2.500 9.500h11V13h-11zM5 5.200h.1M5 11.200h.1',
  search: 'M7 11.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zM10.300 10.300 13.500 13.500',
} as const;

export type IconName = keyof typeof paths;

/** A picture beside a word, which it never replaces. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" fill="none" aria-hidden="true">
      <path d={paths[name]} stroke="currentColor" strokeWidth="1.4" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
