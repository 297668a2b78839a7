import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import type { Analysis } from './analysis.ts';

const schema = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8'));

/** Is it what `analyze --format json` wrote? Of what is not, `errors` says where. In the bundles this file is what Ajv generates (scripts/build/validator.mjs). */
export const validateAnalysis = new Ajv({ allowUnionTypes: true })
  .addSchema(schema('path'))
  .addSchema(schema('topology'))
  .compile<Analysis>(schema('analysis'));
