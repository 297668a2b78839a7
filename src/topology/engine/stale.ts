/** Rules that Docker wrote for what isn't there any more: an address that is nobody's, or somebody else's by now. */
import { bitsOf, familyOf, type Ip, parseIp } from '../../net/ip.ts';
import { contains, maskOf } from '../../net/prefix.ts';
import type { AddressMatch, Rule, TableName } from '../../xtables/rule.ts';
import type { EngineState, Publication } from './state.ts';

export interface Gone {
  readonly address: Ip;
  /** Who has the address now, though it publishes no such port. */
  readonly now?: string;
  /** Who publishes the port that the rule is about. */
  readonly instead?: Publication;
}

export interface Where {
  readonly table: TableName;
  readonly chain: string;
  readonly rule: Rule;
}

/** Undefined: it isn't about a container, or the container may well be there. */
export function goneFrom(where: Where, state: EngineState): Gone | undefined {
  const about = aboutContainer(where);
  if (!about) return undefined;
  const { address, containerPort, hostPort, protocol } = about;
  if (isWanted(state, about)) return undefined;
  const instead =
    hostPort === undefined
      ? undefined
      : state.publications.find(
          (each) =>
            each.hostPort === hostPort &&
            each.protocol === protocol &&
            each.targets.some((target) => familyOf(target.address) === familyOf(address)),
        );
  const now = state.taken.get(address);
  const known = now !== undefined && state.endpoints.some((each) => each.address === address);
  const nobody =
    now === undefined &&
    state.complete.some(({ subnets }) => subnets.some((subnet) => isIn(subnet, address)));
  // A member that was not inspected may publish whatever it likes.
  const other = known && containerPort !== undefined;
  if (!nobody && !other && !(instead && now === undefined)) return undefined;
  return { address, ...(now !== undefined && { now }), ...(instead && { instead }) };
}

function isIn(subnet: Parameters<typeof contains>[0], address: Ip): boolean {
  return typeof subnet.address === typeof address && contains(subnet, address);
}

interface About {
  readonly address: Ip;
  readonly protocol?: string;
  readonly containerPort?: number;
  readonly hostPort?: number;
}

/** The container's address and port that a rule of Docker's is for. */
export function aboutContainer({ table, chain, rule }: Where): About | undefined {
  const protocol = rule.protocol ? PROTOCOLS.get(rule.protocol.protocol) : undefined;
  const port = portOf(rule);
  const to = host(rule.destination);
  if (table === 'nat' && chain === 'DOCKER') {
    const target = dnatTarget(rule);
    if (!target || protocol === undefined) return undefined;
    return { ...target, protocol, ...(port !== undefined && { hostPort: port }) };
  }
  const own = {
    ...(protocol !== undefined && { protocol }),
    ...(port !== undefined && { containerPort: port }),
  };
  if (
    table === 'filter' &&
    chain === 'DOCKER' &&
    accepts(rule) &&
    to !== undefined &&
    port !== undefined &&
    !rule.source
  )
    return { address: to, ...own };
  if (
    table === 'nat' &&
    chain === 'POSTROUTING' &&
    to !== undefined &&
    to === host(rule.source) &&
    isMasquerade(rule)
  )
    return { address: to, ...own };
  if (table === 'raw' && chain === 'PREROUTING' && to !== undefined && rule.in?.invert && isDrop(rule))
    return { address: to, ...own };
  return undefined;
}

/** Some running container has the address and publishes the port, or is meant by address alone. */
function isWanted(state: EngineState, { address, containerPort, protocol, hostPort }: About): boolean {
  if (containerPort === undefined) return state.taken.has(address);
  return state.publications.some(
    (each) =>
      each.containerPort === containerPort &&
      each.protocol === protocol &&
      (hostPort === undefined || each.hostPort === hostPort) &&
      each.targets.some((target) => target.address === address),
  );
}

const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [6, 'tcp'],
  [17, 'udp'],
  [132, 'sctp'],
]);

function host(match: AddressMatch | undefined): Ip | undefined {
  if (!match || match.invert) return undefined;
  const family = familyOf(match.address);
  return match.mask === maskOf(family, bitsOf(family)) ? match.address : undefined;
}

function portOf({ matches }: Rule): number | undefined {
  for (const { name, info } of matches) {
    if (name !== 'tcp' && name !== 'udp' && name !== 'sctp') continue;
    const { destination } = info as { destination?: { invert: boolean; min: number; max: number } };
    if (destination && !destination.invert && destination.min === destination.max) return destination.min;
  }
  return undefined;
}

function dnatTarget({ target, text }: Rule): { address: Ip; containerPort: number } | undefined {
  if (target?.kind !== 'extension' || target.name !== 'DNAT') return undefined;
  const found = /--to-destination \[?([0-9a-fA-F.:]+?)\]?:(\d+)(?:\s|$)/.exec(text);
  const address = parseIp(found?.[1] ?? '');
  return address === undefined ? undefined : { address, containerPort: Number(found?.[2]) };
}

function accepts({ target }: Rule): boolean {
  return target?.kind === 'verdict' && target.verdict === 'ACCEPT';
}

function isDrop({ target }: Rule): boolean {
  return target?.kind === 'verdict' && target.verdict === 'DROP';
}

function isMasquerade({ target }: Rule): boolean {
  return target?.kind === 'extension' && target.name === 'MASQUERADE';
}
