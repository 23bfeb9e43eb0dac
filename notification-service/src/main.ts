import { createRequire } from 'node:module';
import { startDrainer } from '@shop/chassis/reliable/dead-letters/drainer.ts';
import { startConsumer } from '@shop/chassis/reliable/messaging/consume.ts';
import { serve, settingsOrExit, startRuntime } from '@shop/chassis/service/runtime.ts';
import { buildApp } from './app.ts';
import { config, senderOf } from './config.ts';
import { createMailContents } from './mail/mail-content.ts';
import { createMailServer } from './mail/mail-server.ts';
import { withNotificationMetrics } from './metrics.ts';
import { accountEventsHandler } from './notifications/notifications.messages.ts';
import { LEASE_SECONDS, startMeasuring, startRemovingOld, startSender } from './notifications/sender.ts';
import { accountMailsQueue, topology } from './queues.ts';

const name = 'notification-service';
const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
const settings = settingsOrExit(name, config);
const runtime = await startRuntime({ name, version, settings, topology });
const metrics = withNotificationMetrics(runtime.metrics);
const sender = senderOf(settings);

const mails = settings.SMTP_URL
  ? startSender({
      ...runtime,
      metrics,
      contents: createMailContents({ urls: settings.ACCOUNT_URL, token: settings.NOTIFICATION_TO_ACCOUNT_TOKEN }),
      server: createMailServer(settings.SMTP_URL),
      sender,
      publicUrl: settings.PUBLIC_URL,
      leaseSeconds: LEASE_SECONDS,
    })
  : undefined;
if (!mails) runtime.log.warn('SMTP_URL is not set: mails wait');

const domain = sender.address.slice(sender.address.indexOf('@') + 1);
const consumer = startConsumer({
  ...runtime,
  queue: accountMailsQueue.name,
  definitions: accountMailsQueue.messages,
  handle: accountEventsHandler({ domain, metrics, wakeSender: () => mails?.wake() }),
});
const drainer = startDrainer({ ...runtime, queue: accountMailsQueue.name });

await serve(runtime, {
  http: buildApp(runtime),
  drain: async () => {},
  background: [
    consumer,
    drainer,
    startMeasuring({ ...runtime, metrics }),
    startRemovingOld(runtime),
    ...(mails ? [mails] : []),
  ],
});
