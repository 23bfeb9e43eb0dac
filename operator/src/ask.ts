import { Fault } from '@shop/chassis/base/fault.ts';
import { type Answer, type Call, type Gateway, makePatience, untilAnswered } from './gateway.ts';

// As long as a service takes to start; the same key makes retries safe.
const PATIENCE_MS = 15_000;

/** Repeats a call until there is a final response, or the time is over. */
export async function ask(gateway: Gateway, call: Call, patienceMs = PATIENCE_MS): Promise<Answer> {
  let last = '';
  const note = async () => {
    const attempt = await gateway.attempt(call);
    last = attempt.answer ? `The response is ${inShort(attempt.answer)}` : `${attempt.cause}. Is it running? npm start`;
    return attempt;
  };
  const answer = await untilAnswered(note, makePatience(patienceMs));
  if (!answer) throw new Fault(`${call.method} ${call.path} is not available. ${last}`);
  return answer;
}

/** The body of a successful response; throws a Fault with the problem of any other. */
export function expectSuccess(answer: Answer): object {
  if (answer.status < 300 && typeof answer.json === 'object' && answer.json !== null) return answer.json;
  throw new Fault(`Refused with ${inShort(answer)}`);
}

/** A problem for people: its status, its code if it has one, and its detail. */
function inShort({ status, code, json, text }: Answer): string {
  const { title, detail } = (json ?? {}) as { title?: string; detail?: string };
  return `${status}${code ? ` ${code}` : ''}: ${detail ?? title ?? text.slice(0, 200)}`;
}
