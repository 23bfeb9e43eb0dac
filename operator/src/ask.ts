import { Fault } from './faults.ts';
import { type Answer, type Call, type Gateway, makePatience, untilAnswered } from './gateway.ts';

// As long as a service takes to start; the same key makes every repeat harmless.
const PATIENCE_MS = 15_000;

/** The answer that stands: a call is repeated until there is one, or for so long. */
export async function ask(gateway: Gateway, call: Call, patienceMs = PATIENCE_MS): Promise<Answer> {
  let last = '';
  const note = async () => {
    const attempt = await gateway.attempt(call);
    last = attempt.answer ? attempt.answer.text : attempt.cause;
    return attempt;
  };
  const answer = await untilAnswered(note, makePatience(patienceMs));
  if (!answer) throw new Fault(`${call.method} ${call.path} has no answer: ${last}. Is the system running? npm start`);
  return answer;
}

/** The body of a success; a Fault that says what a refusal says. */
export function expectSuccess(answer: Answer): object {
  if (answer.status < 300 && typeof answer.json === 'object' && answer.json !== null) return answer.json;
  const { title, detail } = (answer.json ?? {}) as { title?: string; detail?: string };
  throw new Fault(
    `Refused with ${answer.status}${answer.code ? ` ${answer.code}` : ''}: ${detail ?? title ?? answer.text}`,
  );
}
