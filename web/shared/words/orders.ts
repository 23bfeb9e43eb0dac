/** Orders: the list, and one order as a story. */
export const ordersWords = {
  title: { en: 'Orders', de: 'Bestellungen' },
  number: { en: 'Number', de: 'Nummer' },
  status: { en: 'Status', de: 'Status' },
  customer: { en: 'Customer', de: 'Kunde' },
  account: { en: 'Account', de: 'Konto' },
  client: { en: 'Client', de: 'Client' },
  lines: { en: 'Lines', de: 'Positionen' },
  total: { en: 'Total', de: 'Summe' },
  placed: { en: 'Placed', de: 'Aufgegeben' },
  anyStatus: { en: 'Any', de: 'Alle' },
  pending: { en: 'waiting', de: 'wartet' },
  confirmed: { en: 'confirmed', de: 'bestätigt' },
  rejected: { en: 'rejected', de: 'abgelehnt' },
  cancelled: { en: 'cancelled', de: 'storniert' },
  shipped: { en: 'shipped', de: 'versandt' },
  delivered: { en: 'delivered', de: 'zugestellt' },
  none: { en: 'No orders', de: 'Keine Bestellungen' },
  noneText: {
    en: 'Orders appear here as soon as they are placed.',
    de: 'Bestellungen erscheinen hier, sobald sie aufgegeben sind.',
  },
  noneFiltered: { en: 'No order matches these filters', de: 'Keine Bestellung passt zu diesen Filtern' },
  noneFilteredText: { en: 'Change the filters, or clear them.', de: 'Ändern oder entfernen Sie die Filter.' },
  all: { en: 'See all orders', de: 'Alle Bestellungen ansehen' },
  noneSoFar: {
    en: 'No match among the newest orders; there are older ones',
    de: 'Unter den neuesten Bestellungen passt keine; es gibt ältere',
  },
  ofSku: { en: 'Orders with it', de: 'Bestellungen damit' },
  notFound: { en: 'No order has this number or id', de: 'Keine Bestellung hat diese Nummer oder Id' },
  id: { en: 'Id', de: 'Id' },
  facts: { en: 'Facts', de: 'Angaben' },
  story: { en: 'Story', de: 'Verlauf' },
  quantity: { en: 'Quantity', de: 'Menge' },
  sku: { en: 'SKU', de: 'SKU' },
  unitPrice: { en: 'Unit price', de: 'Einzelpreis' },
  version: { en: 'Version', de: 'Version' },
  reservation: { en: 'Reservation', de: 'Reservierung' },
  reservationStates: {
    en: (state: string) =>
      ({ held: 'held', fulfilled: 'left the stock', released: 'released', rejected: 'rejected' })[state] ?? state,
    de: (state: string) =>
      ({ held: 'gehalten', fulfilled: 'ausgebucht', released: 'freigegeben', rejected: 'abgelehnt' })[state] ?? state,
  },
  reservationUnknown: {
    en: 'not known: inventory-service does not answer',
    de: 'unbekannt: inventory-service antwortet nicht',
  },
  reservationNone: { en: 'none', de: 'keine' },
  shipment: { en: 'Shipment', de: 'Sendung' },
  reason: { en: 'Reason', de: 'Grund' },

  happened: {
    en: (type: string) =>
      ({
        placed: 'Placed',
        queued: 'Stock requested by message',
        confirmed: 'Confirmed',
        rejected: 'Rejected',
        cancelled: 'Cancelled',
        shipped: 'Shipped',
        delivered: 'Delivered',
        replays: 'Repeated by the client',
      })[type] ?? type,
    de: (type: string) =>
      ({
        placed: 'Aufgegeben',
        queued: 'Bestand per Nachricht angefragt',
        confirmed: 'Bestätigt',
        rejected: 'Abgelehnt',
        cancelled: 'Storniert',
        shipped: 'Versandt',
        delivered: 'Zugestellt',
        replays: 'Vom Client wiederholt',
      })[type] ?? type,
  },
  reservationHappened: {
    en: (state: string) =>
      ({
        held: 'Stock reserved',
        fulfilled: 'Units left the stock',
        released: 'Stock released',
        rejected: 'Reservation rejected',
      })[state] ?? state,
    de: (state: string) =>
      ({
        held: 'Bestand reserviert',
        fulfilled: 'Ware ausgebucht',
        released: 'Bestand freigegeben',
        rejected: 'Reservierung abgelehnt',
      })[state] ?? state,
  },
  timesRepeated: {
    en: (count: number) =>
      count === 1 ? 'once; it got the stored answer' : `${count} times; it got the stored answer`,
    de: (count: number) =>
      count === 1 ? 'einmal; er bekam die gespeicherte Antwort' : `${count}-mal; er bekam die gespeicherte Antwort`,
  },
  replayedLetter: {
    en: (message: string) => `after a dead letter of ${message} was replayed`,
    de: (message: string) => `nachdem eine unzustellbare Nachricht ${message} wiederholt wurde`,
  },
  setAside: {
    en: (type: string) => `Message set aside: ${type}`,
    de: (type: string) => `Nachricht beiseitegelegt: ${type}`,
  },
  by: { en: (who: string) => `by ${who}`, de: (who: string) => `durch ${who}` },
  byStaff: { en: (id: string) => `staff ${id}`, de: (id: string) => `Mitarbeitende ${id}` },
  byShopper: { en: (id: string) => `shopper ${id}`, de: (id: string) => `Kunde ${id}` },
  unknownSku: { en: (sku: string) => `${sku} is unknown`, de: (sku: string) => `${sku} ist unbekannt` },
  shortOf: {
    en: (sku: string, wanted: number, left: number) => `${wanted} of ${sku} wanted, ${left} left`,
    de: (sku: string, wanted: number, left: number) => `${wanted} × ${sku} gewünscht, ${left} vorhanden`,
  },

  sayWaiting: {
    en: (time: string) => `Waiting for inventory-service for ${time}.`,
    de: (time: string) => `Wartet seit ${time} auf inventory-service.`,
  },
  sayConfirmed: { en: (time: string) => `Confirmed in ${time}.`, de: (time: string) => `In ${time} bestätigt.` },
  sayWaitedAndConfirmed: {
    en: (time: string) => `Waited ${time} for inventory-service, then confirmed.`,
    de: (time: string) => `Wartete ${time} auf inventory-service, dann bestätigt.`,
  },
  sayRejected: { en: (why: string) => `Rejected: ${why}.`, de: (why: string) => `Abgelehnt: ${why}.` },
  sayCancelled: {
    en: (who: string, time: string) => `Cancelled by ${who} ${time} after it was placed.`,
    de: (who: string, time: string) => `Durch ${who} ${time} nach der Aufgabe storniert.`,
  },
  sayCancelledAfterConfirmation: {
    en: (who: string, time: string) => `Cancelled by ${who} ${time} after confirmation.`,
    de: (who: string, time: string) => `Durch ${who} ${time} nach der Bestätigung storniert.`,
  },
  sayStockIsBack: { en: 'Its stock is back.', de: 'Die Ware ist wieder verfügbar.' },
  sayStockIsComing: { en: 'Its stock is on its way back.', de: 'Die Ware wird gerade freigegeben.' },
  sayShipped: {
    en: (carrier: string, time: string) => `Shipped with ${carrier} ${time} after it was placed.`,
    de: (carrier: string, time: string) => `${time} nach der Aufgabe mit ${carrier} versandt.`,
  },
  sayDelivered: {
    en: (time: string) => `Delivered ${time} after it was placed.`,
    de: (time: string) => `${time} nach der Aufgabe zugestellt.`,
  },
  sayOther: { en: (status: string) => `Its status is “${status}”.`, de: (status: string) => `Status: „${status}“.` },
  sayRepeated: {
    en: (count: number) =>
      count === 1 ? 'Placed once; the client repeated it once.' : `Placed once; the client repeated it ${count} times.`,
    de: (count: number) =>
      count === 1
        ? 'Einmal aufgegeben; der Client wiederholte sie einmal.'
        : `Einmal aufgegeben; der Client wiederholte sie ${count}-mal.`,
  },

  cancelOrder: { en: 'Cancel order', de: 'Bestellung stornieren' },
  cancelTitle: { en: (number: string) => `Cancel ${number}?`, de: (number: string) => `${number} stornieren?` },
  cancelText: {
    en: (units: string) => `It cannot be undone. ${units} return to stock.`,
    de: (units: string) => `Das lässt sich nicht rückgängig machen. ${units} gehen zurück in den Bestand.`,
  },
  unitsOf: {
    en: (count: number, sku: string) => (count === 1 ? `1 unit of ${sku}` : `${count} units of ${sku}`),
    de: (count: number, sku: string) => `${count} × ${sku}`,
  },
  unitsOfProducts: {
    en: (units: number, products: number) => `${units.toLocaleString('en')} units of ${products} products`,
    de: (units: number, products: number) => `${units.toLocaleString('de')} Stück von ${products} Artikeln`,
  },
  shipOrder: { en: 'Ship order', de: 'Bestellung versenden' },
  shipTitle: { en: (number: string) => `Ship ${number}`, de: (number: string) => `${number} versenden` },
  shipText: {
    en: (units: string) => `${units} leave the stock. A shipped order can no longer be cancelled.`,
    de: (units: string) => `${units} verlassen den Bestand. Danach ist kein Storno mehr möglich.`,
  },
  carrier: { en: 'Carrier', de: 'Versanddienst' },
  trackingNumber: { en: 'Tracking number', de: 'Sendungsnummer' },
  deliverOrder: { en: 'Mark as delivered', de: 'Als zugestellt markieren' },
  deliverTitle: {
    en: (number: string) => `Mark ${number} as delivered?`,
    de: (number: string) => `${number} als zugestellt markieren?`,
  },
  deliverText: { en: 'It is the last step of the order.', de: 'Es ist der letzte Schritt der Bestellung.' },
} as const;
