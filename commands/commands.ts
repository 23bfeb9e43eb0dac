/** Every command of `npm run …`, with its help line and its module. Each command parses its own options. */
import { join } from 'node:path';
import { type Command, systemCommands } from '@shop/local/commands.ts';
import { localFolder } from '@shop/local/folders.ts';
import { help as testHelp } from '@shop/testing/tiers.ts';
import { variablesHere } from './variables-here.ts';

export const commands: Record<string, Command> = {
  ...systemCommands,
  seed: {
    help: 'npm run seed                          create the demo products (safe to repeat)',
    run: async (args) => (await import('@shop/operator/seed.ts')).seedCommand(args, variablesHere),
  },
  replay: {
    help: 'npm run replay -- <orders.csv[.gz]>   place real orders and audit the result (--help for its options)',
    run: async (args) => (await import('@shop/operator/replay/main.ts')).replayCommand(args, variablesHere),
  },
  order: {
    help: 'npm run order -- <ORD-… or id>       show the story of an order (--help for its options)',
    run: async (args) => (await import('@shop/operator/order/main.ts')).orderCommand(args, variablesHere),
  },
  'dead-letters': {
    help: 'npm run dead-letters -- list | show | replay | discard   manage messages that could not be handled (--help for its options)',
    run: async (args) => (await import('@shop/operator/dead-letters/main.ts')).deadLettersCommand(args, variablesHere),
  },
  clients: {
    help: 'npm run clients -- list | add | rotate | retire | remove   manage API clients and their keys (--help for its options)',
    run: async (args) => {
      const { clientsHere } = await import('./clients-here.ts');
      return (await import('@shop/operator/clients/main.ts')).clientsCommand(args, clientsHere);
    },
  },
  keys: {
    help: 'npm run keys -- list | rotate         show or renew the keys that sign access tokens (--help)',
    run: async (args) => {
      const { keysCommand } = await import('@shop/account-service/signing-keys/keys-command.ts');
      return keysCommand(args, () => {
        const { ACCOUNT_DB_URL, ACCOUNT_MASTER_KEY } = variablesHere('ACCOUNT_DB_URL', 'ACCOUNT_MASTER_KEY');
        return { databaseUrl: ACCOUNT_DB_URL, masterKeys: [ACCOUNT_MASTER_KEY] };
      });
    },
  },
  staff: {
    help: 'npm run staff -- list | add | set | remove   invite members of staff and change their roles (--help for its options)',
    run: async (args) => {
      const { staffCommand } = await import('@shop/account-service/staff/staff-command.ts');
      return staffCommand(args, () => {
        const here = variablesHere('ACCOUNT_DB_URL', 'ACCOUNT_MASTER_KEY', 'BASE_URL');
        return { databaseUrl: here.ACCOUNT_DB_URL, masterKeys: [here.ACCOUNT_MASTER_KEY], publicUrl: here.BASE_URL };
      });
    },
  },
  mails: {
    help: 'npm run mails -- preview             write a page with all mails, to look at them (--help)',
    run: async (args) => {
      const { mailsCommand } = await import('@shop/notification-service/templates/mails-command.ts');
      return mailsCommand(args, join(localFolder(), 'mails.html'));
    },
  },
  web: {
    help: 'npm run web                          show the pages as they are edited, on the running system',
    run: async (args) => (await import('@shop/web/development.ts')).webCommand(args, variablesHere),
  },
  looks: {
    help: 'npm run looks                        take pictures of every page of the console (--help for its options)',
    run: async (args) => (await import('@shop/web/looks/main.ts')).looksCommand(args),
  },
  history: {
    help: 'npm run history -- rebuild            read the orders of all shoppers into their histories again (--help)',
    run: async (args) => {
      const { historyCommand } = await import('@shop/account-service/order-history/history-command.ts');
      return historyCommand(args, () => {
        const here = variablesHere('ACCOUNT_DB_URL', 'ORDER_URL', 'ACCOUNT_TO_ORDER_TOKEN');
        const { ACCOUNT_DB_URL, ORDER_URL, ACCOUNT_TO_ORDER_TOKEN } = here;
        return { databaseUrl: ACCOUNT_DB_URL, orderUrls: [ORDER_URL], orderToken: ACCOUNT_TO_ORDER_TOKEN };
      });
    },
  },
  chaos: {
    help: 'npm run chaos                        break a separate system and check that it keeps its promises (--help)',
    run: async (args) => (await import('@shop/chaos/main.ts')).chaosCommand(args),
  },
  spec: {
    help: 'npm run spec                         search the model of the order protocol exhaustively (--help for its options)',
    run: async (args) => (await import('../spec/main.ts')).specCommand(args),
  },
  bench: {
    help: 'npm run bench                        measure performance against the usual implementation, side by side (--help for its options)',
    run: async (args) => (await import('../bench/main.ts')).benchCommand(args),
  },
  monitoring: {
    help: 'npm run monitoring                   check rules and dashboards with a real Prometheus (--help)',
    run: async (args) => (await import('../monitoring/trial/main.ts')).monitoringCommand(args),
  },
  test: {
    help: testHelp,
    run: async (args) => (await import('@shop/testing/run-tests.ts')).testCommand(args),
  },
};
