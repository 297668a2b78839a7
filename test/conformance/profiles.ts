/** What kinds of cases are generated. A profile makes a case of a seed's numbers: the same seed, the same case. */
import type { Case } from './case.ts';
import { mixedCase } from './profiles/mixed.ts';
import type { Random } from './random.ts';

export type Profile = (random: Random) => Omit<Case, 'name'>;

export const PROFILES: Readonly<Record<string, Profile>> = {
  mixed: mixedCase,
};
