/** The first page: how the system does, and what it could not settle. */
export const overviewWords = {
  title: { en: 'Overview', de: 'Überblick' },
  live: { en: (time: string) => `Live · ${time}`, de: (time: string) => `Live · ${time}` },
  notLive: { en: 'Connecting …', de: 'Verbindet …' },
  ordersPerMinute: { en: 'orders/min', de: 'Bestellungen/min' },
  waiting: { en: 'waiting', de: 'wartend' },
  deadLetters: { en: 'dead letters', de: 'unzustellbar' },
  mismatches: { en: 'mismatches', de: 'Abweichungen' },
  unsent: { en: 'unsent messages', de: 'ungesendete Nachrichten' },
  chart: {
    en: 'Orders per minute, by outcome, last hour',
    de: 'Bestellungen je Minute nach Ausgang, letzte Stunde',
  },
  chartOfMany: {
    en: (count: number) => `Orders per minute, by outcome; the last ${count} orders`,
    de: (count: number) => `Bestellungen je Minute nach Ausgang; die letzten ${count}`,
  },
  chartText: {
    en: (good: number, waiting: number, bad: number) =>
      `${good} accepted, ${waiting} waiting, ${bad} rejected or cancelled`,
    de: (good: number, waiting: number, bad: number) =>
      `${good} angenommen, ${waiting} wartend, ${bad} abgelehnt oder storniert`,
  },
  noOrders: { en: 'No orders in the last hour.', de: 'Keine Bestellungen in der letzten Stunde.' },
  accepted: { en: 'accepted', de: 'angenommen' },
  refused: { en: 'rejected or cancelled', de: 'abgelehnt oder storniert' },
  needsAPerson: { en: 'Needs a person', de: 'Braucht einen Menschen' },
  nothing: { en: 'Nothing needs a person', de: 'Nichts braucht einen Menschen' },
  nothingText: {
    en: 'Messages that cannot be handled, orders that wait too long and books that differ appear here.',
    de: 'Hier erscheinen unzustellbare Nachrichten, Bestellungen, die zu lange warten, und Bücher, die abweichen.',
  },
  checked: { en: 'checked', de: 'geprüft' },
  aside: {
    en: (count: number, type: string) =>
      count === 1 ? `1 message set aside · ${type}` : `${count} messages set aside · ${type}`,
    de: (count: number, type: string) =>
      count === 1 ? `1 Nachricht beiseitegelegt · ${type}` : `${count} Nachrichten beiseitegelegt · ${type}`,
  },
  late: {
    en: (count: number) => (count === 1 ? '1 order waiting over 5 min' : `${count} orders waiting over 5 min`),
    de: (count: number) =>
      count === 1 ? '1 Bestellung wartet seit über 5 min' : `${count} Bestellungen warten seit über 5 min`,
  },
  differ: {
    en: (count: number, service: string) =>
      count === 1 ? `1 mismatch in the books of ${service}` : `${count} mismatches in the books of ${service}`,
    de: (count: number, service: string) =>
      count === 1
        ? `1 Abweichung in den Büchern von ${service}`
        : `${count} Abweichungen in den Büchern von ${service}`,
  },
  down: {
    en: (service: string) => `${service} does not answer`,
    de: (service: string) => `${service} antwortet nicht`,
  },
  show: { en: 'Show', de: 'Zeigen' },
  promises: { en: 'Promises', de: 'Versprechen' },
  noneLost: { en: 'no order lost or doubled', de: 'keine Bestellung verloren oder verdoppelt' },
  noneOversold: { en: 'nothing oversold', de: 'nichts überverkauft' },
  notChecked: { en: 'not checked yet', de: 'noch nicht geprüft' },
  overOrders: { en: (count: string) => `over ${count} orders`, de: (count: string) => `über ${count} Bestellungen` },
  overProducts: { en: (count: string) => `over ${count} products`, de: (count: string) => `über ${count} Produkte` },
  needsOperations: {
    en: 'Failed messages and books are shown to people with the role “operations”.',
    de: 'Unzustellbare Nachrichten und Bücher sehen Personen mit der Rolle „operations“.',
  },
  newOrders: {
    en: (count: number) => (count === 1 ? '1 new · show' : `${count} new · show`),
    de: (count: number) => `${count} neu · zeigen`,
  },
} as const;
