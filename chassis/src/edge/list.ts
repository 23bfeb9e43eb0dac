import { z } from 'zod';

/** Context for `safeParse`: errors for unknown members list the known members. */
export const listingMembers: z.core.ParseContext<z.core.$ZodIssue> = {
  error: (issue) => {
    if (issue.code !== 'unrecognized_keys' || !(issue.inst instanceof z.ZodObject)) return undefined;
    const members = Object.keys(issue.inst.shape);
    return members.length === 0 ? NO_SUCH_MEMBER : `${NO_SUCH_MEMBER} Members: ${members.join(', ')}.`;
  },
};
const NO_SUCH_MEMBER = 'Unknown member.';

/** Maximum number of errors in a response. */
export const MAX_REPORTED_FAULTS = 50;

/**
 * An array of 1 to `max` elements whose validation stops at the maximum number of reported errors. `z.array` collects all errors:
 * for a megabyte of `{},{},…` that is a million, which takes seconds and all memory of the process.
 */
export function list<Element extends z.ZodType>(element: Element, max = Number.POSITIVE_INFINITY) {
  // Metadata for the OpenAPI document, because zod does not know the type of the elements.
  const described = { elements: element, minItems: 1, ...(max < Number.POSITIVE_INFINITY && { maxItems: max }) };
  return z
    .array(z.unknown())
    .meta(described)
    .transform((items, context): z.output<Element>[] => {
      if (items.length < 1 || items.length > max) {
        context.addIssue(max === Number.POSITIVE_INFINITY ? 'Must not be empty.' : `Must have 1 to ${max} elements.`);
        return z.NEVER;
      }
      const parsed: z.output<Element>[] = [];
      for (const [index, item] of items.entries()) {
        const result = element.safeParse(item, listingMembers);
        if (result.success) parsed.push(result.data);
        else for (const fault of faultsIn(result.error, [index])) context.addIssue({ code: 'custom', ...fault });
        if (context.issues.length >= MAX_REPORTED_FAULTS) break;
      }
      return context.issues.length > 0 ? z.NEVER : parsed;
    });
}

/**
 * The errors of a value, one per path. The path of an unknown member ends with its name. Parse with {@link listingMembers}.
 */
export function faultsIn(
  error: z.ZodError,
  at: readonly PropertyKey[] = [],
): { path: PropertyKey[]; message: string }[] {
  return error.issues.flatMap((issue) => {
    const path = [...at, ...issue.path];
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
    const unknown = issue.keys.slice(0, MAX_REPORTED_FAULTS);
    return unknown.map((key) => ({ path: [...path, key], message: issue.message }));
  });
}
