/** What kinds of cases are generated. A profile makes a case of a seed's numbers: the same seed, the same case. */
import type { Case } from './case.ts';
import { bridgeCase } from './profiles/bridge.ts';
import { conntrackCase } from './profiles/conntrack.ts';
import { dockerCase } from './profiles/docker.ts';
import { filterCase } from './profiles/filter.ts';
import { ipsetCase } from './profiles/ipset.ts';
import { ipv6Case } from './profiles/ipv6.ts';
import { matchesCase } from './profiles/matches.ts';
import { mixedCase } from './profiles/mixed.ts';
import { natCase } from './profiles/nat.ts';

import { nftablesCase } from './profiles/nftables.ts';
import { routingCase } from './profiles/routing.ts';
import { targetsCase } from './profiles/targets.ts';

import type { Random } from './random.ts';

export type Profile = (random: Random) => Omit<Case, 'name'>;

export const PROFILES: Readonly<Record<string, Profile>> = {
  filter: filterCase,
  nat: natCase,
  bridge: bridgeCase,
  conntrack: conntrackCase,
  docker: dockerCase,
  ipv6: ipv6Case,
  mixed: mixedCase,
  ipset: ipsetCase,
  matches: matchesCase,
  targets: targetsCase,
  nftables: nftablesCase,
  routing: routingCase,
};
