/** Every target: a file in targets/ and a line here. */
import type { Target } from './target.ts';
import { target as analysis } from './targets/analysis.ts';
import { target as bundle } from './targets/bundle.ts';
import { target as cases } from './targets/cases.ts';
import { target as dump } from './targets/dump.ts';
import { target as filter } from './targets/filter.ts';
import { target as ipset } from './targets/ipset.ts';
import { target as iptablesList } from './targets/iptables-list.ts';
import { target as iptablesSave } from './targets/iptables-save.ts';
import { target as manifest } from './targets/manifest.ts';
import { target as nft } from './targets/nft.ts';
import { target as nftJson } from './targets/nft-json.ts';
import { target as packet } from './targets/packet.ts';
import { target as pcap } from './targets/pcap.ts';
import { target as pcapng } from './targets/pcapng.ts';
import { target as snoop } from './targets/snoop.ts';
import { target as symbolic } from './targets/symbolic.ts';
import { target as tcpdump } from './targets/tcpdump.ts';
import { target as transcript } from './targets/transcript.ts';

export const TARGETS: readonly Target[] = [
  ...[pcap, pcapng, snoop, packet, tcpdump],
  ...[dump, iptablesSave, iptablesList, nft, nftJson, ipset, transcript],
  ...[bundle, manifest, cases, filter, analysis, symbolic],
];
