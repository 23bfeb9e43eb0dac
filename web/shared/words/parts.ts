/** The page of the system's parts. */
export const partsWords = {
  title: { en: 'Parts', de: 'Teile' },
  service: { en: 'Service', de: 'Dienst' },
  status: { en: 'Status', de: 'Status' },
  database: { en: 'Database', de: 'Datenbank' },
  broker: { en: 'Broker', de: 'Broker' },
  version: { en: 'Version', de: 'Version' },
  reason: { en: 'Reason', de: 'Grund' },
  asked: { en: 'Asked', de: 'Gefragt' },
  ok: { en: 'ok', de: 'in Ordnung' },
  degraded: { en: 'degraded', de: 'eingeschränkt' },
  down: { en: 'down', de: 'ausgefallen' },
  noAnswer: { en: 'no answer', de: 'keine Antwort' },
  available: { en: 'available', de: 'erreichbar' },
  away: { en: 'away', de: 'nicht erreichbar' },
  note: {
    en: 'Each service is asked every 10 s through the gateway, at one of its processes. Orders continue while one is degraded.',
    de: 'Jeder Dienst wird alle 10 s über das Gateway gefragt, bei einem seiner Prozesse. Eingeschränkt laufen Bestellungen weiter.',
  },
} as const;
