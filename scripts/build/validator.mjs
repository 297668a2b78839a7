// What Ajv makes of the manifest's schema, as a module: the bundles check manifests without Ajv.
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

/** The exports of a TypeScript file: the builder runs on Node 20, which doesn't read it itself. */
async function evaluate(file) {
  const { outputFiles } = await build({ entryPoints: [file], bundle: true, write: false, format: 'esm' });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}
