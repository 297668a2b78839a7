/** `-m state`, the old name of conntrack's --ctstate: state_mt() of net/netfilter/xt_conntrack.c */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineMatch, option } from '../extension.ts';
import { listing } from '../listing.ts';
import { setOf } from '../values/text.ts';
import { STATES, statesOf } from './conntrack.ts';

export interface StateInfo {
  readonly invert: boolean;
  readonly states: readonly (typeof STATES)[number][];
}

export const state = lazily(() =>
  defineMatch({
    name: 'state',
    support: DECIDED,
    conntrack: true,
    options: { state: { value: setOf(STATES, { abbreviated: true }), invert: true, required: true } },
    listing: () => listing([/(?<n>! ?)?state (?<v>\S+)/, 'state']),
    build: ({ state }): StateInfo => ({ invert: state.invert, states: state.value }),
    print: (info) => [option('state', info.invert, info.states.join(','))],
    match: (info, { skb }) =>
      statesOf(skb.conntrack).some((each) => info.states.some((state) => state === each)) !== info.invert,
  }),
);
