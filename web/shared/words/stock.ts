const en = (count: number) => count.toLocaleString('en');
const de = (count: number) => count.toLocaleString('de');

/** Stock: the levels, one product with its ledger, adjusting, counting, and files. */
export const stockWords = {
  title: { en: 'Stock', de: 'Bestand' },
  sku: { en: 'SKU', de: 'SKU' },
  name: { en: 'Name', de: 'Name' },
  onHand: { en: 'On hand', de: 'Vorhanden' },
  reserved: { en: 'Reserved', de: 'Reserviert' },
  available: { en: 'Available', de: 'Verfügbar' },
  soldOut: { en: 'sold out', de: 'ausverkauft' },
  low: { en: 'low', de: 'knapp' },
  inStock: { en: 'in stock', de: 'vorrätig' },
  order: { en: 'Order', de: 'Reihenfolge' },
  lowFirst: { en: 'Low first', de: 'Knappe zuerst' },
  bySku: { en: 'By SKU', de: 'Nach SKU' },
  findSku: { en: 'Find a SKU', de: 'SKU suchen' },
  level: { en: 'Level', de: 'Stand' },
  more: { en: 'Show more', de: 'Mehr zeigen' },
  moreLines: {
    en: (count: number) => `and ${en(count)} more lines`,
    de: (count: number) => `und ${de(count)} weitere Zeilen`,
  },
  none: { en: 'No products', de: 'Keine Artikel' },
  noneText: {
    en: 'A product is created with POST /products. Its stock begins at 0.',
    de: 'Ein Artikel wird mit POST /products angelegt. Sein Bestand beginnt bei 0.',
  },
  noneOfSku: {
    en: (sku: string) => `No product has the SKU ${sku}`,
    de: (sku: string) => `Kein Artikel hat die SKU ${sku}`,
  },
  noneOfSkuText: {
    en: 'Enter the whole SKU, or clear the filter.',
    de: 'Geben Sie die ganze SKU ein, oder entfernen Sie den Filter.',
  },
  all: { en: 'See all products', de: 'Alle Artikel ansehen' },

  availableOf: {
    en: (name: string, units: string) => `${name}, ${units} available`,
    de: (name: string, units: string) => `${name}, ${units} verfügbar`,
  },
  stockOf: { en: (sku: string) => `Stock of ${sku}`, de: (sku: string) => `Bestand von ${sku}` },
  ofOrder: { en: (id: string) => `Order ${id}`, de: (id: string) => `Bestellung ${id}` },

  ledger: { en: 'Ledger', de: 'Bewegungen' },
  ledgerText: {
    en: 'Every change of this product’s stock. Their sums are its level.',
    de: 'Jede Änderung des Bestands dieses Artikels. Ihre Summen ergeben den Stand.',
  },
  noMovements: { en: 'No movements yet', de: 'Noch keine Bewegungen' },
  noMovementsText: {
    en: 'Adjust the stock to add the first units.',
    de: 'Buchen Sie die ersten Stücke mit „Bestand ändern“.',
  },
  change: { en: 'Change', de: 'Änderung' },
  when: { en: 'Time', de: 'Zeit' },
  who: { en: 'Who', de: 'Wer' },
  why: { en: 'Reason', de: 'Grund' },
  adjusted: { en: 'adjusted', de: 'geändert' },
  counted: { en: 'counted', de: 'gezählt' },
  held: { en: 'reserved', de: 'reserviert' },
  released: { en: 'released', de: 'freigegeben' },
  fulfilled: { en: 'shipped', de: 'versandt' },
  since: { en: 'Created', de: 'Angelegt' },

  adjust: { en: 'Adjust stock', de: 'Bestand ändern' },
  adjustText: {
    en: (sku: string) => `Units to add to ${sku}, or to remove with a minus sign.`,
    de: (sku: string) => `Stücke, die zu ${sku} hinzukommen, oder mit Minuszeichen abgehen.`,
  },
  delta: { en: 'Units', de: 'Stück' },
  deltaHint: { en: 'Such as 100 or -3', de: 'Zum Beispiel 100 oder -3' },
  deltaInvalid: {
    en: 'Enter a whole number other than 0, up to 1,000,000,000.',
    de: 'Geben Sie eine ganze Zahl außer 0 ein, höchstens 1.000.000.000.',
  },
  reason: { en: 'Reason', de: 'Grund' },
  reasonHint: { en: 'Such as “Delivery 4711” or “broken”', de: 'Zum Beispiel „Lieferung 4711“ oder „zerbrochen“' },
  adjustBy: {
    en: (delta: number) =>
      delta > 0
        ? `Add ${delta === 1 ? '1 unit' : `${en(delta)} units`}`
        : `Remove ${delta === -1 ? '1 unit' : `${en(-delta)} units`}`,
    de: (delta: number) => (delta > 0 ? `${de(delta)} Stück zubuchen` : `${de(-delta)} Stück abbuchen`),
  },
  tooFew: {
    en: (requested: number, available: number) =>
      `${en(requested)} units cannot be removed: ${en(available)} are not reserved for orders. Nothing was changed.`,
    de: (requested: number, available: number) =>
      `${de(requested)} Stück können nicht abgehen: ${de(available)} sind nicht für Bestellungen reserviert. Es wurde nichts geändert.`,
  },

  count: { en: 'Count stock', de: 'Bestand zählen' },
  countText: {
    en: (sku: string, onHand: number) =>
      `${sku} has ${en(onHand)} units on hand, those reserved for orders included. Enter how many are there.`,
    de: (sku: string, onHand: number) =>
      `Von ${sku} sind ${de(onHand)} Stück vorhanden, reservierte eingeschlossen. Geben Sie ein, wie viele da sind.`,
  },
  countedUnits: { en: 'Counted', de: 'Gezählt' },
  countInvalid: { en: 'Enter a whole number of 0 or more.', de: 'Geben Sie eine ganze Zahl ab 0 ein.' },
  setTo: {
    en: (counted: number, expected: number) => `Set to ${en(counted)} if it is ${en(expected)}`,
    de: (counted: number, expected: number) => `Auf ${de(counted)} setzen, wenn es ${de(expected)} sind`,
  },
  stockChanged: {
    en: (expected: number, onHand: number) =>
      `The stock changed while you counted: it was ${en(expected)} and is ${en(onHand)} now. Nothing was set. Count again and confirm.`,
    de: (expected: number, onHand: number) =>
      `Der Bestand hat sich beim Zählen geändert: Es waren ${de(expected)}, jetzt sind es ${de(onHand)}. Es wurde nichts gesetzt. Zählen Sie noch einmal und bestätigen Sie.`,
  },
  belowReserved: {
    en: (reserved: number) =>
      `${en(reserved)} units are reserved for orders, so fewer cannot be set. Nothing was changed.`,
    de: (reserved: number) =>
      `${de(reserved)} Stück sind für Bestellungen reserviert, weniger können nicht gesetzt werden. Es wurde nichts geändert.`,
  },

  export: { en: 'Export CSV', de: 'CSV exportieren' },
  exporting: {
    en: (count: number) => `Exporting, ${en(count)} products …`,
    de: (count: number) => `Export, ${de(count)} Artikel …`,
  },
  exportFile: { en: 'stock', de: 'bestand' },
  import: { en: 'Import CSV', de: 'CSV importieren' },
  importTitle: { en: 'Import changes of stock', de: 'Bestandsänderungen importieren' },
  importText: {
    en: 'A file with the columns sku, delta and, if you like, reason. An exported file has them: fill in delta.',
    de: 'Eine Datei mit den Spalten sku, delta und, wenn Sie möchten, reason. Eine exportierte Datei hat sie: Füllen Sie delta aus.',
  },
  chooseFile: { en: 'Choose a file', de: 'Datei wählen' },
  chooseOther: { en: 'Choose another file', de: 'Andere Datei wählen' },
  defaultReason: { en: 'Reason for lines without one', de: 'Grund für Zeilen ohne Grund' },
  fileEmpty: { en: 'The file has no lines.', de: 'Die Datei hat keine Zeilen.' },
  fileNoSku: { en: 'The first line has no column “sku”.', de: 'In der ersten Zeile fehlt die Spalte „sku“.' },
  fileNoDelta: { en: 'The first line has no column “delta”.', de: 'In der ersten Zeile fehlt die Spalte „delta“.' },
  fileTooLong: {
    en: (most: number) => `The file has more than ${en(most)} lines. Split it.`,
    de: (most: number) => `Die Datei hat mehr als ${de(most)} Zeilen. Teilen Sie sie auf.`,
  },
  fileTooLarge: {
    en: 'The file is larger than 4 MiB. Split it.',
    de: 'Die Datei ist größer als 4 MiB. Teilen Sie sie auf.',
  },
  fileUnreadable: {
    en: 'The file is not text in UTF-8. Save it as “CSV UTF-8”.',
    de: 'Die Datei ist kein Text in UTF-8. Speichern Sie sie als „CSV UTF-8“.',
  },
  preview: {
    en: (changes: number, added: number, removed: number) =>
      `${en(changes)} changes: ${en(added)} units come in, ${en(removed)} go out.`,
    de: (changes: number, added: number, removed: number) =>
      `${de(changes)} Änderungen: ${de(added)} Stück kommen hinzu, ${de(removed)} gehen ab.`,
  },
  previewUnchanged: {
    en: (lines: number) =>
      lines === 1 ? '1 line without a change is left out.' : `${en(lines)} lines without a change are left out.`,
    de: (lines: number) =>
      lines === 1 ? '1 Zeile ohne Änderung entfällt.' : `${de(lines)} Zeilen ohne Änderung entfallen.`,
  },
  previewFaults: {
    en: (lines: number) =>
      lines === 1 ? '1 line has an error and is left out' : `${en(lines)} lines have errors and are left out`,
    de: (lines: number) =>
      lines === 1 ? '1 Zeile hat einen Fehler und entfällt' : `${de(lines)} Zeilen haben Fehler und entfallen`,
  },
  importedBefore: {
    en: (when: string) =>
      `A file with these changes was imported here ${when}. Importing it again adds and removes the units once more.`,
    de: (when: string) =>
      `Eine Datei mit diesen Änderungen wurde hier ${when} importiert. Ein neuer Import bucht die Stücke noch einmal.`,
  },
  line: { en: 'Line', de: 'Zeile' },
  value: { en: 'Value', de: 'Wert' },
  problem: { en: 'Problem', de: 'Problem' },
  result: { en: 'Result', de: 'Ergebnis' },
  faultSkuMissing: { en: 'The SKU is missing.', de: 'Die SKU fehlt.' },
  faultSku: { en: 'This is no SKU.', de: 'Das ist keine SKU.' },
  faultDelta: { en: 'This is no whole number without separators.', de: 'Das ist keine ganze Zahl ohne Trennzeichen.' },
  faultDeltaTooLarge: { en: 'More than 1,000,000,000 units.', de: 'Mehr als 1.000.000.000 Stück.' },
  faultReason: {
    en: 'The reason is empty, too long or has a line break.',
    de: 'Der Grund ist leer, zu lang oder hat einen Zeilenumbruch.',
  },
  startImport: {
    en: (changes: number) => (changes === 1 ? 'Make 1 change' : `Make ${en(changes)} changes`),
    de: (changes: number) => (changes === 1 ? '1 Änderung buchen' : `${de(changes)} Änderungen buchen`),
  },
  importRunning: { en: 'Importing', de: 'Import läuft' },
  importDone: { en: 'Import finished', de: 'Import beendet' },
  importPaused: { en: 'Import stopped', de: 'Import angehalten' },
  importProgress: {
    en: (done: number, total: number) => `${en(done)} of ${en(total)} lines`,
    de: (done: number, total: number) => `${de(done)} von ${de(total)} Zeilen`,
  },
  importSums: {
    en: (made: number, refused: number) => `${en(made)} made, ${en(refused)} refused.`,
    de: (made: number, refused: number) => `${de(made)} gebucht, ${de(refused)} abgelehnt.`,
  },
  importKeeps: {
    en: 'You can close or reload this page: the import goes on when you return, and no line has its effect twice.',
    de: 'Sie können diese Seite schließen oder neu laden: Der Import geht weiter, wenn Sie zurückkommen, und keine Zeile wirkt zweimal.',
  },
  importElsewhere: { en: 'It is running in another tab.', de: 'Er läuft in einem anderen Tab.' },
  importOfOther: {
    en: 'It was begun by another account in this browser. Sign in with that account to finish it, or put it away: lines without an answer may have been made.',
    de: 'Ein anderes Konto hat ihn in diesem Browser begonnen. Melden Sie sich mit jenem Konto an, um ihn zu beenden, oder legen Sie ihn weg: Zeilen ohne Antwort können gebucht sein.',
  },
  importStop: { en: 'Stop', de: 'Anhalten' },
  importResume: { en: 'Go on', de: 'Fortsetzen' },
  importRepeat: {
    en: (lines: number) => (lines === 1 ? 'Try the refused line again' : `Try ${en(lines)} refused lines again`),
    de: (lines: number) =>
      lines === 1 ? 'Abgelehnte Zeile noch einmal versuchen' : `${de(lines)} abgelehnte Zeilen noch einmal versuchen`,
  },
  importPutAway: { en: 'Put away', de: 'Weglegen' },
  importGiveUp: { en: 'Give up', de: 'Aufgeben' },
  importGiveUpLines: {
    en: (lines: number) => (lines === 1 ? 'Give up 1 line' : `Give up ${en(lines)} lines`),
    de: (lines: number) => (lines === 1 ? '1 Zeile aufgeben' : `${de(lines)} Zeilen aufgeben`),
  },
  importGiveUpText: {
    en: (lines: number) =>
      `${en(lines)} lines have no answer. Up to 1,000 of them may have been made; the ledger of a product shows it. What was made stays made.`,
    de: (lines: number) =>
      `${de(lines)} Zeilen haben keine Antwort. Bis zu 1.000 davon können gebucht sein; die Bewegungen eines Artikels zeigen es. Was gebucht ist, bleibt gebucht.`,
  },
  importNoRoom: {
    en: 'This browser has no room to keep the import. Nothing was sent. Split the file.',
    de: 'Dieser Browser hat keinen Platz, um den Import zu behalten. Es wurde nichts gesendet. Teilen Sie die Datei auf.',
  },
  importStarted: { en: 'Started', de: 'Begonnen' },
  refusedLines: { en: 'Refused lines', de: 'Abgelehnte Zeilen' },
  allMade: { en: 'Every line was made.', de: 'Jede Zeile wurde gebucht.' },
  exportResults: { en: 'Results as CSV', de: 'Ergebnisse als CSV' },
  codeInsufficient: {
    en: 'More units than are free of reservations.',
    de: 'Mehr Stücke, als ohne Reservierung da sind.',
  },
  codeUnknownSku: { en: 'No product has this SKU.', de: 'Kein Artikel hat diese SKU.' },
  codeBeyondLimit: { en: 'The stock would become too large.', de: 'Der Bestand würde zu groß.' },
  codeLocked: { en: 'Another request was changing this product.', de: 'Eine andere Anfrage änderte diesen Artikel.' },
  codeReused: {
    en: 'Another change was made under this key.',
    de: 'Unter diesem Schlüssel wurde eine andere Änderung gebucht.',
  },
} as const;
