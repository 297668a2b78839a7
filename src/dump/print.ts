/** `show --format canonical`: a dump as its command prints it, whatever form it was read from. */
import { printable } from '../base/printable.ts';
import { printNft } from '../nft/print/ruleset.ts';
import { asLoaded } from '../xtables/canonical.ts';
import { printRuleset } from '../xtables/print.ts';
import type { DumpContent } from './dump.ts';
import { printSets } from './print/ipsets.ts';
import { printLinks, printPorts } from './print/links.ts';
import { printNamespaces } from './print/namespaces.ts';
import { printBuckets, printNexthops } from './print/nexthops.ts';
import { printRoutes } from './print/routes.ts';
import { printRules } from './print/rules.ts';
import {
  printBootSysctls,
  printConntrack,
  printConntrackStats,
  printCounters,
  printFdb,
  printFrameFilter,
  printLinkCounters,
  printMdb,
  printNeighbours,
  printProcesses,
  printQdiscs,
  printResolver,
  printSockets,
  printSysctls,
  printVlans,
} from './print/tables.ts';

/** Undefined for what has no text form of its own, or of which only parts are kept: Docker, brctl's bridges. */
export function printDump(content: DumpContent): string | undefined {
  return printed(onOneLine(content));
}

/** A string of JSON may have line breaks, which would make lines of their own here. No name that the kernel takes has any. */
function onOneLine<T>(value: T): T {
  if (typeof value === 'string') return (/[\r\n]/.test(value) ? printable(value) : value) as T;
  if (Array.isArray(value)) return value.map(onOneLine) as T;
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, onOneLine(each)])) as T;
}

function printed(content: DumpContent): string | undefined {
  switch (content.kind) {
    case 'links':
      return printLinks(content.links, content.withAddresses);
    case 'bridge-ports':
      return printPorts(content.ports);
    case 'routes':
      return printRoutes([...(content.dump4?.routes ?? []), ...(content.dump6?.routes ?? [])]);
    case 'ip-rules':
      return printRules(content.rules);
    case 'neighbours':
      return printNeighbours(content.neighbours);
    case 'nexthops':
      return printNexthops(content.nexthops);
    case 'nexthop-buckets':
      return printBuckets(content.buckets);
    case 'fdb':
      return printFdb(content.entries);
    case 'mdb':
      return printMdb(content.entries, content.routers);
    case 'bridge-vlans':
      return printVlans(content.vlans);
    case 'frame-filter':
      return printFrameFilter(content.filter);
    case 'qdiscs':
      return printQdiscs(content.qdiscs);
    case 'ruleset':
      return printRuleset(asLoaded(content.ruleset));
    case 'ipsets':
      return printSets(content.sets);
    case 'boot-sysctls':
      return printBootSysctls(content.sysctls);
    case 'sysctls':
      return printSysctls(content.sysctls);
    case 'sockets':
      return printSockets(content.sockets);
    case 'processes':
      return printProcesses(content.processes);
    case 'conntrack':
      return printConntrack(content.entries);
    case 'conntrack-stats':
      return printConntrackStats(content.cpus);
    case 'counters':
      return printCounters(content.counters);
    case 'link-counters':
      return printLinkCounters(content.devices);
    case 'namespaces':
      return printNamespaces(content.namespaces);
    case 'resolver':
      return printResolver(content.resolver);
    case 'nft':
      return printNft(content.ruleset);
    case 'bridges':
    case 'unused':
    case 'trace':
    case 'containers':
    case 'container-list':
    case 'docker-networks':
      return undefined;
    default:
      return content satisfies never;
  }
}
