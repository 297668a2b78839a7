import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type AnalyzeResult, analyze } from '../../src/diagnose/analyze.ts';
import type { Case } from '../../src/diagnose/case.ts';
import { CAUSES } from '../../src/diagnose/causes.ts';
import { type Diagnosed, explain, makeCase } from '../../src/diagnose/flow-case.ts';
import { dropsOf } from '../../src/diagnose/model-cause.ts';
import { resolveInputs } from '../../src/input/resolve.ts';

/** What `explain` says if it asks every cause: the best one, of equally good ones the first. */
function plainly(kase: Case): Diagnosed | undefined {
  let best: Diagnosed | undefined;
  for (const cause of CAUSES) {
    const found = cause.find?.(kase);
    if (found && found.confidence >= 0.25 && (!best || found.confidence > best.found.confidence + 0.05))
      best = { cause, found };
  }
  return best;
}

function casesOf({ scene, flows }: AnalyzeResult): Case[] {
  return flows.flatMap(({ kase, flow }) => [kase, makeCase(scene, flow, true)]);
}

const captures = readdirSync('captures').filter((name) => existsSync(join('captures', name, 'bundle')));

it.each(captures)('%s: causes that are passed over would have found nothing better', async (name) => {
  const result = await analyze(await resolveInputs([join('captures', name, 'bundle')]));
  for (const kase of casesOf(result)) {
    const traced = kase.kernel.length > 0;
    if (!traced) expect(explain(kase)).toEqual(plainly(kase));
  }
});

it('a cause that does more than another one it wraps is always asked', () => {
  const asked = (id: string) => {
    const find = CAUSES.find((cause) => cause.id === id)?.find;
    return find && dropsOf(find);
  };
  expect(asked('flt-rule-drop')).toContain('flt-rule-drop');
  expect(asked('flt-rate-limit')).toBeUndefined();
  expect(asked('bridge-no-ip')).toBeUndefined();
});
