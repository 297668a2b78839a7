/** Loaded on demand as a module of our own: a bundler finds the names of a CommonJS package only in a static import. */
export { Ajv } from 'ajv';
