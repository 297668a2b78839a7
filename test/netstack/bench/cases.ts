import type { BenchCase } from './bench.ts';
import { BR_NETFILTER_CASES } from './cases/br-netfilter.ts';
import { BRIDGE_CASES } from './cases/bridge.ts';
import { MACVLAN_CASES } from './cases/macvlan.ts';

export const BENCH_CASES: readonly BenchCase[] = [...BRIDGE_CASES, ...BR_NETFILTER_CASES, ...MACVLAN_CASES];
