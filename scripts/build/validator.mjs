// What Ajv makes of the manifest's schema, as a module: the bundles check manifests without Ajv; the analysis' for reports, and that of cases.
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';

/** The text of a module in the place of src/input/manifest-validator.ts. */
export async function validatorModule(root) {
  const { MANIFEST_SCHEMA } = await evaluate(`${root}/src/input/manifest-schema.ts`);
  const ajv = new Ajv({ allErrors: true, code: { source: true, esm: true } });
  ajv.addSchema(MANIFEST_SCHEMA);
  return standalone.default(ajv, { validateManifest: MANIFEST_SCHEMA.$id });
}

/** The text of a module in the place of src/report/analysis-validator.ts. */
export async function analysisValidatorModule(root) {
  const schema = (name) => JSON.parse(readFileSync(`${root}/schemas/${name}.schema.json`, 'utf8'));
  const ajv = new Ajv({ allowUnionTypes: true, code: { source: true, esm: true } });
  for (const name of ['path', 'topology', 'analysis']) ajv.addSchema(schema(name));
  return standalone.default(ajv, { validateAnalysis: schema('analysis').$id });
}

/** The text of a module in the place of src/cases/file/expect-validator.ts. */
export async function expectValidatorModule(root) {
  const schema = JSON.parse(readFileSync(`${root}/schemas/expect.schema.json`, 'utf8'));
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, code: { source: true, esm: true } });
  ajv.addSchema(schema);
  return standalone.default(ajv, { validateExpect: schema.$id });
}

/** The exports of a TypeScript file: the builder runs on Node 20, which doesn't read it itself. */
async function evaluate(file) {
  const { outputFiles } = await build({ entryPoints: [file], bundle: true, write: false, format: 'esm' });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}
