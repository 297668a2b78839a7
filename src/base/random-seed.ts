/** Of a hash that an input's author must not know: what has one hash is looked for among all others that have it. Nothing that comes out depends on it. */
export function randomSeed(): number {
  return (Math.random() * 0x100000000) >>> 0;
}
