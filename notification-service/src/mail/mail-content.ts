/** What account-service says of a mail: what is true now, so that it is asked right before the mail is sent. */
import { z } from 'zod';

const content = z.discriminatedUnion('needed', [
  z.object({ needed: z.literal(false), reason: z.string().max(100) }),
  z.object({
    needed: z.literal(true),
    purpose: z.enum(['verification', 'account-exists', 'password-reset', 'email-change', 'email-changed']),
    /** Whose pages the link leads to. */
    audience: z.enum(['shop', 'console']),
    email: z.string().min(3).max(320),
    name: z.string().optional(),
    locale: z.string().max(35),
    token: z
      .string()
      .regex(/^[\w-]+$/)
      .optional(),
    expiresAt: z.iso.datetime().transform((text) => new Date(text)),
  }),
]);

export type MailContent = z.output<typeof content>;

/** The content of a mail that is to be sent. */
export type NeededMail = Extract<MailContent, { needed: true }>;

export interface MailContents {
  /** Throws if account-service does not answer in time. */
  read(mailId: string): Promise<MailContent>;
}

export interface MailContentsOptions {
  /** Base URLs of account-service, asked one after the other until one answers. */
  urls: readonly string[];
  token: string;
}

const DEADLINE_MS = 2_000;

/** Asks account-service. */
export function createMailContents({ urls, token }: MailContentsOptions): MailContents {
  return {
    async read(mailId) {
      let failure: unknown;
      for (const url of urls) {
        try {
          const response = await fetch(new URL(`/internal/mails/${mailId}`, url), {
            headers: { authorization: `Bearer ${token}` },
            signal: AbortSignal.timeout(DEADLINE_MS),
            redirect: 'error',
          });
          if (response.status === 200) return content.parse(await response.json());
          await response.body?.cancel();
          failure = new Error(`account-service answered ${response.status}`);
        } catch (error) {
          failure = error;
        }
      }
      throw failure;
    },
  };
}
