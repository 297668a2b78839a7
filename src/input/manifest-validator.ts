import { Ajv } from 'ajv';
import type { Manifest } from './input.ts';
import { MANIFEST_SCHEMA } from './manifest-schema.ts';

/**
 * Is it a manifest? Of one that is not, `errors` says where. In the bundles this file is what Ajv generates of the
 * schema (scripts/build/validator.mjs): to load Ajv, and have it compile, costs more than a small analysis.
 */
export const validateManifest = new Ajv({ allErrors: true }).compile<Manifest>(MANIFEST_SCHEMA);
