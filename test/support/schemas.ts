/** Machine-readable output, held against the schemas that ship with it. */
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect } from 'vitest';

export const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
for (const file of readdirSync('schemas')) {
  ajv.addSchema(JSON.parse(readFileSync(`schemas/${file}`, 'utf8')) as object);
}

export function expectValid(schema: string, data: unknown): void {
  const validate = ajv.getSchema(`https://nettrace.invalid/schemas/${schema}.schema.json`);
  expect(validate, schema).toBeDefined();
  if (validate && !validate(data)) {
    const errors = (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
    expect.fail(`${schema}: ${errors.slice(0, 5).join('\n')}`);
  }
}
