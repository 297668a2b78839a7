/** tee_tg4(), tee_tg6(), net/netfilter/xt_TEE.c: a copy goes to another host, the packet goes on. */
import { lazily } from '../../base/memo.ts';
import type { Ip } from '../../net/ip.ts';
import { DECIDED, defineTarget } from '../extension.ts';
import { listing } from '../listing.ts';
import { bare } from '../tokens.ts';
import { address, formatAddress } from '../values/address.ts';
import { name } from '../values/text.ts';

interface TeeInfo {
  readonly gateway: Ip;
  readonly oif?: string;
}

export const TEE = lazily(() =>
  defineTarget({
    name: 'TEE',
    support: DECIDED,
    options: {
      gateway: { value: address, required: true },
      oif: { value: name(15, 'an interface') },
    },
    listing: () => listing([/TEE gw:(?<v>\S+)/, 'gateway'], [[/oif=(?<v>\S+)/, 'oif']]),
    build: ({ gateway, oif }): TeeInfo => ({ gateway: gateway.value, ...(oif ? { oif: oif.value } : {}) }),
    print: (info) => [
      `--gateway ${formatAddress(info.gateway)}`,
      ...(info.oif === undefined ? [] : [`--oif ${bare(info.oif)}`]),
    ],
    apply: ({ gateway, oif }) => ({ kind: 'tee', gateway, ...(oif === undefined ? {} : { out: oif }) }),
  }),
);
