import { Fault } from '@shop/chassis/base/fault.ts';
import { type Answer, type Call, type Gateway, makePatience, untilAnswered } from './gateway.ts';

// As long as a service takes to start; the same key makes every repeat harmless.
const PATIENCE_MS = 15_000;

/** The answer that stands: a call is repeated until there is one, or for so long. */
export async function ask(gateway: Gateway, call: Call, patienceMs = PATIENCE_MS): Promise<Answer> {
  let last = '';
  const note = async () => {
    const attempt = await gateway.attempt(call);
    last = attempt.answer
      ? `It is answered with ${inShort(attempt.answer)}`
      : `${attempt.cause}. Is it running? npm start`;
    return attempt;
  };
  const answer = await untilAnswered(note, makePatience(patienceMs));
  if (!answer) throw new Fault(`${call.method} ${call.path} cannot be asked now. ${last}`);
  return answer;
}

/** The body of a success; a Fault that says what a refusal says. */
export function expectSuccess(answer: Answer): object {
  if (answer.status < 300 && typeof answer.json === 'object' && answer.json !== null) return answer.json;
  throw new Fault(`Refused with ${inShort(answer)}`);
}

/** A problem as a person reads it: its status, its code if it has one, and what it says. */
function inShort({ status, code, json, text }: Answer): string {
  const { title, detail } = (json ?? {}) as { title?: string; detail?: string };
  return `${status}${code ? ` ${code}` : ''}: ${detail ?? title ?? text.slice(0, 200)}`;
}
