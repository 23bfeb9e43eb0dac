import { z } from 'zod';

export type Json = Record<string, unknown>;

/** Converts zod schemas to JSON Schemas (2020-12); those with an `id` become components, once each. */
export interface JsonSchemas {
  of(schema: z.ZodType, io: 'input' | 'output'): Json;
  components: Record<string, Json>;
}

/** JSON Schemas for one document. */
export function createJsonSchemas(): JsonSchemas {
  const components: Record<string, Json> = {};

  const known = { input: new Map<z.ZodType, Json>(), output: new Map<z.ZodType, Json>() };

  function of(schema: z.ZodType, io: 'input' | 'output'): Json {
    const made = known[io].get(schema) ?? convert(schema, io);
    known[io].set(schema, made);
    return made;
  }

  function convert(schema: z.ZodType, io: 'input' | 'output'): Json {
    // As a member, a schema with an `id` is a reference, as it is anywhere else.
    const wrapped = z.toJSONSchema(z.object({ it: schema }), {
      io,
      unrepresentable: 'any',
      override: ({ jsonSchema }) => describeElements(jsonSchema as Json, io),
    });
    const { $defs = {}, properties } = JSON.parse(
      JSON.stringify(wrapped).replaceAll('"#/$defs/', '"#/components/schemas/'),
    ) as { $defs?: Record<string, Json>; properties: { it: Json } };
    for (const [name, component] of Object.entries($defs)) addComponent(name, component);
    return properties.it;
  }

  /** chassis/src/edge/list.ts stores the element schema of a list in its metadata, because zod does not know it. */
  function describeElements(jsonSchema: Json, io: 'input' | 'output'): void {
    if (jsonSchema.elements === undefined) return;
    jsonSchema.items = of(jsonSchema.elements as z.ZodType, io);
    delete jsonSchema.elements;
  }

  function addComponent(name: string, component: Json): void {
    const other = components[name];
    // The input and output form of a schema may differ; then it needs two ids.
    if (other && JSON.stringify(other) !== JSON.stringify(component)) throw new Error(`${name} means two things`);
    components[name] = component;
  }

  return { of, components };
}
