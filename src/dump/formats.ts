import type { Format } from './format.ts';
import { dockerInspect } from './formats/docker-inspect.ts';
import { dockerNetwork } from './formats/docker-network.ts';
import { ipAddr, ipLink } from './formats/ip-addr.ts';
import { ipAddrJson, ipLinkJson } from './formats/ip-addr-json.ts';
import { ipNeigh } from './formats/ip-neigh.ts';
import { ipNeighJson } from './formats/ip-neigh-json.ts';
import { ipRoute } from './formats/ip-route.ts';
import { ipRouteJson } from './formats/ip-route-json.ts';
import { ipRule } from './formats/ip-rule.ts';
import { ipRuleJson } from './formats/ip-rule-json.ts';
import { ss } from './formats/ss.ts';
import { sysctl } from './formats/sysctl.ts';

/**
 * Every dump that is read, the more particular grammar before the more general one: the first that recognises a file has it.
 */
export const FORMATS: readonly Format[] = [
  dockerInspect,
  dockerNetwork,
  ipAddrJson,
  ipLinkJson,
  ipNeighJson,
  ipRuleJson,
  ipRouteJson,
  ipAddr,
  ipLink,
  ss,
  ipRule,
  ipNeigh,
  ipRoute,
  sysctl,
];
