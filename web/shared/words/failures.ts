/** Dead letters: the groups, the messages of one, and one with its attempts. */
export const failuresWords = {
  title: { en: 'Failures', de: 'Fehler' },
  intro: {
    en: 'Messages that could not be handled after all retries. Fix the cause, then replay them.',
    de: 'Nachrichten, die nach allen Versuchen nicht verarbeitet werden konnten. Beheben Sie die Ursache und wiederholen Sie sie dann.',
  },
  none: { en: 'No dead letters', de: 'Keine unzustellbaren Nachrichten' },
  noneText: {
    en: 'Messages that cannot be handled after all retries stop here.',
    de: 'Nachrichten, die nach allen Versuchen nicht verarbeitet werden können, bleiben hier stehen.',
  },
  noneHere: { en: 'None in this state', de: 'Keine in diesem Zustand' },
  noneHereText: {
    en: 'Choose another state to see replayed and discarded messages.',
    de: 'Wiederholte und verworfene Nachrichten stehen in den anderen Zuständen.',
  },
  all: { en: 'See all failures', de: 'Alle Fehler ansehen' },
  message: { en: 'Message', de: 'Nachricht' },
  service: { en: 'Service', de: 'Dienst' },
  reason: { en: 'Reason', de: 'Grund' },
  count: { en: 'Count', de: 'Anzahl' },
  first: { en: 'First', de: 'Erste' },
  last: { en: 'Last', de: 'Letzte' },
  status: { en: 'State', de: 'Zustand' },
  open: { en: 'open', de: 'offen' },
  replayed: { en: 'replayed', de: 'wiederholt' },
  discarded: { en: 'discarded', de: 'verworfen' },
  anyStatus: { en: 'Any', de: 'Alle' },
  attempts: { en: 'Attempts', de: 'Versuche' },
  id: { en: 'Id', de: 'Id' },
  arrived: { en: 'Set aside', de: 'Beiseitegelegt' },
  notFound: { en: 'There is no such dead letter', de: 'Diese unzustellbare Nachricht gibt es nicht' },
  facts: { en: 'Facts', de: 'Angaben' },
  history: { en: 'History', de: 'Verlauf' },
  body: { en: 'Body', de: 'Inhalt' },
  headers: { en: 'Headers', de: 'Kopfzeilen' },
  subject: { en: 'Order', de: 'Bestellung' },
  messageId: { en: 'Message id', de: 'Nachrichten-Id' },
  routingKey: { en: 'Routing key', de: 'Routing-Key' },
  failedAttempt: { en: 'An attempt failed', de: 'Ein Versuch schlug fehl' },
  setAside: { en: 'Set aside for a person', de: 'Für einen Menschen beiseitegelegt' },
  wasReplayed: { en: 'Replayed', de: 'Wiederholt' },
  stack: { en: 'Stack', de: 'Stack' },
  wasDiscarded: { en: 'Discarded', de: 'Verworfen' },
  messageType: {
    en: (type: string) => (type === 'unknown' ? 'Unreadable message' : type),
    de: (type: string) => (type === 'unknown' ? 'Unlesbare Nachricht' : type),
  },
  why: {
    en: (reason: string) =>
      ({
        'attempts-exhausted': 'every attempt failed',
        unparseable: 'it cannot be read',
        'unknown-type': 'its type is unknown',
        'too-large': 'it is too large',
        'delivery-limit': 'its consumer crashed at each delivery',
        'reservation-conflict': 'the reservation has other lines',
        'release-of-fulfilled': 'the units to release have left the stock',
        'fulfil-of-unknown': 'no reservation has this id',
        'fulfil-of-rejected': 'the reservation was rejected',
        'fulfil-of-released': 'the reservation was released',
      })[reason] ?? reason,
    de: (reason: string) =>
      ({
        'attempts-exhausted': 'alle Versuche schlugen fehl',
        unparseable: 'sie ist nicht lesbar',
        'unknown-type': 'ihr Typ ist unbekannt',
        'too-large': 'sie ist zu groß',
        'delivery-limit': 'ihr Empfänger stürzte bei jeder Zustellung ab',
        'reservation-conflict': 'die Reservierung hat andere Positionen',
        'release-of-fulfilled': 'die Stücke, die frei werden sollen, sind schon ausgebucht',
        'fulfil-of-unknown': 'keine Reservierung hat diese Id',
        'fulfil-of-rejected': 'die Reservierung wurde abgelehnt',
        'fulfil-of-released': 'die Reservierung wurde freigegeben',
      })[reason] ?? reason,
  },

  replay: {
    en: (count: number) => (count === 1 ? 'Replay 1 message' : `Replay ${count.toLocaleString('en')} messages`),
    de: (count: number) =>
      count === 1 ? '1 Nachricht wiederholen' : `${count.toLocaleString('de')} Nachrichten wiederholen`,
  },
  replayText: {
    en: (count: number, queue: string) =>
      count === 1
        ? `The message goes back to ${queue} and is handled once. If its cause is not fixed, it returns here.`
        : `${count.toLocaleString('en')} messages go back to ${queue}, and each is handled once. Those whose cause is not fixed return here.`,
    de: (count: number, queue: string) =>
      count === 1
        ? `Die Nachricht geht zurück in ${queue} und wird einmal verarbeitet. Ist die Ursache nicht behoben, kommt sie hierher zurück.`
        : `${count.toLocaleString('de')} Nachrichten gehen zurück in ${queue}, und jede wird einmal verarbeitet. Ist die Ursache nicht behoben, kommen sie hierher zurück.`,
  },
  replayedSome: {
    en: (replayed: number, remaining: number) =>
      `${replayed.toLocaleString('en')} replayed, ${remaining.toLocaleString('en')} still open.`,
    de: (replayed: number, remaining: number) =>
      `${replayed.toLocaleString('de')} wiederholt, ${remaining.toLocaleString('de')} noch offen.`,
  },
  discard: { en: 'Discard message', de: 'Nachricht verwerfen' },
  discardText: {
    en: (type: string) =>
      `This ${type === 'unknown' ? 'message' : type} is never handled. It stays in the list as discarded, with your reason, and cannot be replayed.`,
    de: (type: string) =>
      `Diese Nachricht${type === 'unknown' ? '' : ` ${type}`} wird nie verarbeitet. Sie bleibt als verworfen in der Liste, mit Ihrem Grund, und kann nicht wiederholt werden.`,
  },
  discardReason: { en: 'Reason', de: 'Grund' },
  cannotDiscard: {
    en: (type: string) =>
      `A ${type} that can be read must not be discarded: stock would stay wrong. Fix the cause and replay it. Nothing was changed.`,
    de: (type: string) =>
      `Eine lesbare Nachricht ${type} darf nicht verworfen werden: Der Bestand bliebe falsch. Beheben Sie die Ursache und wiederholen Sie sie. Es wurde nichts geändert.`,
  },
  alreadyDone: {
    en: (state: string) => `Somebody else was faster: it is ${state}. Nothing was changed.`,
    de: (state: string) => `Jemand war schneller: Sie ist schon ${state}. Es wurde nichts geändert.`,
  },
} as const;
