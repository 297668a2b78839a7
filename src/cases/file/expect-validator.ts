import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';

/** What expect.yaml holds, once it is valid. */
export interface ExpectDocument {
  readonly name?: string;
  readonly inputs?: readonly string[];
  readonly state?: string;
  readonly setup?: readonly string[];
  readonly names?: Readonly<Record<string, string>>;
}

const schema = JSON.parse(
  readFileSync(new URL('../../../schemas/expect.schema.json', import.meta.url), 'utf8'),
);

/** Is it a case? Of what is not, `errors` says where. In the bundles this file is what Ajv generates (scripts/build/validator.mjs). */
export const validateExpect = new Ajv({ allErrors: true, allowUnionTypes: true }).compile<ExpectDocument>(
  schema,
);
