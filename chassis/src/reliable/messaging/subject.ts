/** What the messages of a system are about, an account, for example: the key for searching logs, traces and dead letters. */
export interface Subject {
  /** Its id (a UUID) in a payload, which may be any object. */
  idIn(payload: Record<string, unknown>): string | undefined;
  /** Its field in log lines. */
  logField: string;
  /** Its attribute in spans. */
  spanAttribute: string;
}

/** The log field with this subject id. */
export function subjectInLog(subject: Subject | undefined, id: string | undefined): Record<string, string | undefined> {
  return subject ? { [subject.logField]: id } : {};
}
