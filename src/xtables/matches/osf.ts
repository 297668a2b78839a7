/** xt_osf_match_packet(), net/netfilter/xt_osf.c */
import { lazily } from '../../base/memo.ts';
import { unknown } from '../../base/ternary.ts';
import { defineMatch, option, undecided } from '../extension.ts';
import { listing } from '../listing.ts';
import { bare } from '../tokens.ts';
import { number } from '../values/number.ts';
import { name } from '../values/text.ts';

interface OsfInfo {
  readonly invert: boolean;
  readonly genre: string;
  readonly ttl?: number;
  readonly log?: number;
}

export const osf = lazily(() =>
  defineMatch({
    name: 'osf',
    support: undecided('fingerprints are loaded at run time, and no command prints them'),
    protocols: [6],
    hooks: ['PREROUTING', 'INPUT', 'FORWARD'],
    options: {
      genre: { value: name(31, "an operating system's name"), invert: true, required: true },
      ttl: { value: number(2) },
      log: { value: number(2) },
    },
    listing: () =>
      listing([/OS fingerprint match (?<n>! ?)?(?<v>\S+)/, 'genre'], [], {
        lost: 'its options --ttl and --log',
      }),
    build: ({ genre, ttl, log }): OsfInfo => ({
      invert: genre.invert,
      genre: genre.value,
      ...(ttl ? { ttl: ttl.value } : {}),
      ...(log ? { log: log.value } : {}),
    }),
    print: (info) => [
      option('genre', info.invert, bare(info.genre)),
      ...(info.ttl === undefined ? [] : [`--ttl ${info.ttl}`]),
      ...(info.log === undefined ? [] : [`--log ${info.log}`]),
    ],
    match: () => unknown('what the passive fingerprints loaded on the host say of the sender'),
  }),
);
