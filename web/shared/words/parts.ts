/** The page of the system's parts. */
export const partsWords = {
  title: { en: 'Parts', de: 'Teile' },
} as const;
