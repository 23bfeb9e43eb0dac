/** What the messages of a system are about, an account, say: what people look for in logs, traces and dead letters. */
export interface Subject {
  /** Its id in a payload, a UUID. The payload may be anything. */
  idIn(payload: Record<string, unknown>): string | undefined;
  /** What it is called in log lines. */
  logField: string;
  /** What it is called among the attributes of spans. */
  spanAttribute: string;
}

/** The subject with this id, as a log line has it. */
export function subjectInLog(subject: Subject | undefined, id: string | undefined): Record<string, string | undefined> {
  return subject ? { [subject.logField]: id } : {};
}
