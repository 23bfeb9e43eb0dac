import { Fault, UsageError } from '@shop/chassis/base/fault.ts';
import { createServer } from 'vite';

const help = `npm run web     show the pages as they are edited, on the system that runs here
  Changes appear at once. Calls go to the gateway of that system, so it must be running: npm start -- --detach`;

/** `npm run web`: runs until it is interrupted. */
export async function webCommand(
  args: string[],
  variables: (name: 'BASE_URL') => Record<'BASE_URL', string>,
): Promise<number> {
  if (args.includes('--help')) {
    console.log(help);
    return 0;
  }
  if (args.length > 0) throw new UsageError(`"${args[0]}" is no option of npm run web`);
  const { BASE_URL } = variables('BASE_URL');
  process.env.GATEWAY_URL = BASE_URL;
  const server = await createServer({ configFile: new URL('vite.config.ts', import.meta.url).pathname });
  await server.listen().catch((error: Error) => {
    throw new Fault(`The pages cannot be shown: ${error.message}. Does another npm run web run?`);
  });
  console.log(`http://127.0.0.1:${server.config.server.port}/console   (calls go to ${BASE_URL})`);
  await new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
  await server.close();
  return 0;
}
