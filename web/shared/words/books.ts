/** The page of the reconciliations. */
export const booksWords = {
  title: { en: 'Books', de: 'Bücher' },
  intro: {
    en: 'Records that must agree are compared every ten minutes: new and open ones, and once a day all.',
    de: 'Was übereinstimmen muss, wird alle zehn Minuten verglichen: Neues und Offenes, und einmal am Tag alles.',
  },
  orders: { en: 'Orders and reservations', de: 'Bestellungen und Reservierungen' },
  inventory: { en: 'Stock and its ledger', de: 'Bestand und Verlauf' },
  compareAll: { en: 'Compare all records', de: 'Alles vergleichen' },
  neverCompared: { en: 'Not compared yet.', de: 'Noch nicht verglichen.' },
  agree: {
    en: (checked: string) => `All ${checked} compared records agree.`,
    de: (checked: string) => `Alle ${checked} verglichenen Einträge stimmen überein.`,
  },
  differ: {
    en: (total: string, checked: string) => `${total} of ${checked} compared records differ.`,
    de: (total: string, checked: string) => `${total} von ${checked} verglichenen Einträgen weichen ab.`,
  },
  differRepaired: {
    en: (total: string, checked: string, repaired: string) =>
      `${total} of ${checked} compared records differ; for ${repaired} the lost command was sent again.`,
    de: (total: string, checked: string, repaired: string) =>
      `${total} von ${checked} verglichenen Einträgen weichen ab; für ${repaired} ging der verlorene Auftrag noch einmal hinaus.`,
  },
  running: {
    en: (seconds: number) => `Comparing all records, for ${seconds} s …`,
    de: (seconds: number) => `Alles wird verglichen, seit ${seconds} s …`,
  },
  runningPart: {
    en: (seconds: number) => `Comparing new and open records, for ${seconds} s …`,
    de: (seconds: number) => `Neues und Offenes wird verglichen, seit ${seconds} s …`,
  },
  failed: {
    en: (reason: string) => `The last run failed and is repeated after a minute: ${reason}`,
    de: (reason: string) => `Der letzte Lauf ist gescheitert und wird nach einer Minute wiederholt: ${reason}`,
  },
  isRunning: { en: 'running', de: 'läuft' },
  agreeing: { en: 'agree', de: 'stimmen' },
  differing: { en: 'differ', de: 'weichen ab' },
  failing: { en: 'failed', de: 'gescheitert' },
  unknown: { en: 'unknown', de: 'unbekannt' },
  finished: { en: 'Compared', de: 'Verglichen' },
  scope: { en: 'Scope', de: 'Umfang' },
  scopeAll: { en: 'all records', de: 'alles' },
  scopePart: { en: 'new, open and known differing ones', de: 'Neues, Offenes und bekannte Abweichungen' },
  took: { en: 'Took', de: 'Dauer' },
  requestedBy: { en: 'Requested by', de: 'Verlangt von' },
  schedule: { en: 'the schedule', de: 'dem Zeitplan' },
  mismatches: { en: 'Differences', de: 'Abweichungen' },
  expectedFound: {
    en: (expected: string, found: string) => `expected ${expected}, found ${found}`,
    de: (expected: string, found: string) => `erwartet ${expected}, gefunden ${found}`,
  },
  none: { en: 'No differences', de: 'Keine Abweichungen' },
  noneText: {
    en: 'Records that contradict each other are listed here, each with what to do.',
    de: 'Einträge, die sich widersprechen, stehen hier, mit dem, was zu tun ist.',
  },
  more: { en: 'More', de: 'Weitere' },
  needsOperations: {
    en: 'The comparisons are for staff with the role operations.',
    de: 'Die Vergleiche sind für Mitarbeitende mit der Rolle operations.',
  },
} as const;
