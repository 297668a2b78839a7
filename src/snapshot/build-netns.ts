/** One namespace by the dumps of it, merged. */
import type { Issue } from '../base/issue.ts';
import type { DumpInput } from '../input/input.ts';
import { linksFromRoutes, mergeLinks } from './links.ts';
import { checkAgainstAddresses, mergeRoutes } from './routes.ts';
import { mergeNft, mergeRulesets } from './rulesets.ts';
import { type Identity, withCounters } from './seen.ts';
import {
  mergeBootSysctls,
  mergeBridgeVlans,
  mergeConntrack,
  mergeCounters,
  mergeFdb,
  mergeFrameFilters,
  mergeIpsets,
  mergeMdb,
  mergeNeighbours,
  mergeNexthopBuckets,
  mergeNexthops,
  mergeQdiscs,
  mergeResolver,
  mergeRules,
  mergeSockets,
  mergeSysctls,
} from './settings.ts';
import type { Netns } from './snapshot.ts';

/** `dumps`: in order of credibility, the last believed most (`byCredibility`). */
export function buildNetns(
  name: string,
  dumps: readonly DumpInput[],
  identity: Identity,
  issues: Issue[],
): Netns {
  const netns: Netns = {
    name,
    ...identity,
    inferred: dumps.length === 0,
  };
  const routes4 = mergeRoutes(dumps, 4, issues);
  const routes6 = mergeRoutes(dumps, 6, issues);
  const links = mergeLinks(dumps, issues);
  if (links && !links.addressesUnknown) {
    netns.links = withCounters(links.links, dumps);
    checkAgainstAddresses(links.links, routes4, 4, issues);
    checkAgainstAddresses(links.links, routes6, 6, issues);
  } else if (links || routes4 || routes6) {
    netns.links = linksFromRoutes(links?.links ?? [], [routes4, routes6]);
    if (netns.links.every((link) => link.name === 'lo' || link.addresses.length === 0)) {
      netns.addressesUnknown = true;
    }
  }
  const rulesets4 = mergeRulesets(dumps, 4, issues);
  const rulesets6 = mergeRulesets(dumps, 6, issues);
  const sysctls = mergeSysctls(dumps, issues);
  const nft = mergeNft(dumps, { 4: rulesets4, 6: rulesets6 });
  return Object.assign(
    netns,
    present({
      routes4,
      routes6,
      rules4: mergeRules(dumps, 4, issues),
      rules6: mergeRules(dumps, 6, issues),
      nexthops: mergeNexthops(dumps),
      nexthopBuckets: mergeNexthopBuckets(dumps),
      neighbours: mergeNeighbours(dumps, issues),
      fdb: mergeFdb(dumps),
      mdb: mergeMdb(dumps),
      bridgeVlans: mergeBridgeVlans(dumps),
      frameFilters: mergeFrameFilters(dumps),
      qdiscs: mergeQdiscs(dumps),
      rulesets4: rulesets4 ?? (nft.emptyRulesets.includes(4) ? [] : undefined),
      rulesets6: rulesets6 ?? (nft.emptyRulesets.includes(6) ? [] : undefined),
      ipsets: mergeIpsets(dumps, issues),
      nft: nft.ruleset,
      sysctls,
      bootSysctls: mergeBootSysctls(dumps, sysctls, issues),
      sockets: mergeSockets(dumps),
      conntrack: mergeConntrack(dumps),
      counters: mergeCounters(dumps),
      resolver: mergeResolver(dumps),
    }),
  );
}

/** Without the keys that are undefined: absent is not empty, and nor is it a key. */
export function present<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
