/**
 * Routing decisions against `ip route get` of this machine's kernel, over random tables, rules, next hops and settings.
 *
 *     NETTRACE_SEED=4711 NETTRACE_ROUTES=50 npx vitest run test/netstack/route-get.test.ts    fifty other namespaces
 */
import { describe, expect, it } from 'vitest';
import { ask, isPossible } from './route-get/kernel.ts';
import { compareAnswers } from './route-get/model.ts';

const QUESTIONS = 200;
const first = Number(process.env.NETTRACE_SEED ?? 1);
const count = Number(process.env.NETTRACE_ROUTES ?? 2);

describe.skipIf(!isPossible())('ip route get (needs root)', () => {
  it.each(Array.from({ length: count }, (_, i) => first + i))(
    'seed %i',
    (seed) => {
      expect(compareAnswers(ask(seed, QUESTIONS)).lines).toEqual([]);
    },
    60_000,
  );
});
