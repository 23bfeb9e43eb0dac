import { styleText } from 'node:util';
import { demoSku } from '@shop/operator/seed.ts';
import { portOf, urlOf } from './addresses.ts';
import type { System } from './parts.ts';

/** Printed when the system is ready: its addresses, the keys, and an example call. */
export function summaryOf({ folder, plan, secrets }: System, seconds: number): string {
  const gateway = urlOf(plan, 'gateway');
  const rows = [
    ['Gateway', `${gateway}  (in a browser: the console)`],
    ['API reference', `${gateway}/docs`],
    ['Mails', `${urlOf(plan, 'maildev')}/index.html  (all mails of the system; none leaves the machine)`],
    ['RabbitMQ UI', `http://127.0.0.1:${portOf(plan, 'broker-management')}  (shop / ${secrets.rabbitmqPassword})`],
    ...(plan.monitoring
      ? [
          ['Charts', `${urlOf(plan, 'prometheus')}/consoles/charts.html`],
          ['Alerts', `${urlOf(plan, 'prometheus')}/alerts`],
          ['Prometheus', `${urlOf(plan, 'prometheus')}/graph`],
          // Debian's package has only the API, no web pages.
          ['Alertmanager (API)', `${urlOf(plan, 'alertmanager')}/api/v2/alerts`],
        ]
      : []),
    ['Logs', `${folder}/logs`],
    ['Storefront key', plan.deck.DECK_STOREFRONT_KEY],
    ['Other storefront key', plan.deck.DECK_OTHER_STOREFRONT_KEY],
    ['Backoffice key', plan.deck.DECK_BACKOFFICE_KEY],
    ['Operations key', plan.deck.DECK_OPERATIONS_KEY],
  ];
  const order = { customerId: 'ada', currency: 'EUR', lines: [{ sku: demoSku, quantity: 1 }] };
  const next =
    plan.mode === 'detached'
      ? 'The system runs in the background; "npm run local -- down" stops it.'
      : 'Ctrl-C stops everything; "npm run local -- status" in another terminal shows the parts.';
  return `
${styleText('bold', `Ready in ${seconds.toFixed(1)} s.`)}

${rows.map(([name = '', value = '']) => `  ${name.padEnd(22)}${value}`).join('\n')}

Place an order:

  curl -i ${gateway}/orders -H 'apikey: ${plan.deck.DECK_STOREFRONT_KEY}' -H 'Idempotency-Key: first-order' \\
    -H 'Content-Type: application/json' -d '${JSON.stringify(order)}'

${next}
`;
}
