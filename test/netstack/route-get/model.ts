/** The model's answers to the same questions, in the words of `ip route get`. */
import { recogniseDump } from '../../../src/dump/recognise.ts';
import type { DumpInput } from '../../../src/input/input.ts';
import { formatIp, type Ip, parseIp } from '../../../src/net/ip.ts';
import { type FibResult, fibLookup } from '../../../src/netstack/fib.ts';
import { createNet, type Net } from '../../../src/netstack/net.ts';
import type { RouteResult } from '../../../src/netstack/route.ts';
import { routeInput } from '../../../src/netstack/route-input.ts';
import { routeOutput } from '../../../src/netstack/route-output.ts';
import { selectAddress6 } from '../../../src/netstack/source-address6.ts';
import { buildSkb } from '../../../src/skb/build.ts';
import { buildSnapshot } from '../../../src/snapshot/build.ts';
import { commandOf, type Query } from './generate.ts';
import type { Answer, Answers } from './kernel.ts';

export interface Differences {
  readonly lines: string[];
  readonly asked: number;
  /** Where the kernel's choice isn't determined by what the model is told. */
  readonly open: number;
}

export function compareAnswers({ seed, dumps, asked }: Answers): Differences {
  const net = netOf(dumps);
  const lines: string[] = [];
  let open = 0;
  for (const { query, answer } of asked) {
    const kernel = kernelSays(answer);
    const [model, ...others] = modelSays(net, query);
    if (others.length > 0) open++;
    // Asked about a group as a packet that arrived, netlink has no answer but an error of its own.
    if (model === kernel || others.includes(withoutChoice(kernel)) || kernel === 'Message too long') continue;
    lines.push(`seed ${seed}: ip -${query.family} ${commandOf(query)}: kernel ${kernel}, model ${model}`);
  }
  return { lines, asked: asked.length, open };
}

export function netOf(dumps: Answers['dumps']): Net {
  const inputs = dumps.flatMap(([command, text]): DumpInput[] => {
    const dump = recogniseDump(command, text, command);
    if (!dump) throw new Error(`${command} is not recognised: ${text.slice(0, 200)}`);
    return [{ dump, namespace: 'host', by: 'argument' }];
  });
  const { snapshot } = buildSnapshot({ captures: [], dumps: inputs, issues: [] });
  const netns = snapshot.namespaces.get('host');
  if (!netns) throw new Error('no namespace');
  return createNet(netns);
}

function kernelSays(answer: Answer): string {
  if ('error' in answer) return answer.error;
  const { route } = answer;
  const via = route.via as { host?: string } | undefined;
  const type = route.type ?? 'unicast';
  return [
    type,
    route.gateway || via?.host ? `via ${route.gateway ?? via?.host}` : undefined,
    `dev ${route.dev}`,
    route.prefsrc && route.iif === undefined ? `src ${route.prefsrc}` : undefined,
    (route.cache as string[] | undefined)?.includes('redirect') ? 'redirect' : undefined,
  ]
    .filter((word) => word !== undefined)
    .join(' ');
}

const MESSAGES: Readonly<Record<string, string>> = {
  ENETUNREACH: 'Network is unreachable',
  EHOSTUNREACH: 'No route to host',
  EACCES: 'Permission denied',
  EINVAL: 'Invalid argument',
};

const PROTOCOLS = { tcp: 6, udp: 17, icmp: 1, 'ipv6-icmp': 58 } as const;

/** The answer, and others that would be as right. */
function modelSays(net: Net, query: Query): string[] {
  const destination = parseIp(query.destination);
  if (destination === undefined) throw new Error(`no address: ${query.destination}`);
  const source = query.source === undefined || query.source === '0.0.0.0' ? undefined : parseIp(query.source);
  const protocol = query.protocol === undefined ? undefined : PROTOCOLS[query.protocol];
  const { iif } = query;
  if (iif !== undefined && typeof destination === 'bigint') {
    // Netlink asks the tables alone: whether the host forwards is not looked at, and there is no packet to hash.
    const found = fibLookup(net.fib[6], {
      destination,
      source: source ?? 0n,
      iif,
      input: true,
      tos: query.tos ?? 0,
      mark: query.mark ?? 0,
      ...asked(query, protocol),
      uid: 0xffffffff,
    });
    return wordedFound(found);
  }
  if (iif !== undefined) {
    const skb = buildSkb({
      source: source ?? (query.family === 4 ? 0 : 0n),
      destination,
      protocol: protocol ?? 17,
      sourcePort: query.sourcePort ?? 0,
      destinationPort: query.destinationPort ?? 0,
      ...(protocol === 1 ? { icmpType: 8 } : protocol === 58 ? { icmpType: 128 } : {}),
      tos: query.tos ?? 0,
    });
    skb.mark = query.mark ?? 0;
    return worded(routeInput(net, skb, iif, false), undefined, iif);
  }
  const { result, source: chosen } = routeOutput(
    net,
    {
      destination,
      ...(source === undefined ? {} : { source }),
      iif: 'lo',
      ...(query.oif === undefined ? {} : { oif: query.oif }),
      tos: query.tos ?? 0,
      mark: query.mark ?? 0,
      // Netlink takes IPv4 questions for UDP's.
      ...asked(query, protocol ?? (query.family === 4 ? 17 : undefined)),
      uid: query.uid ?? 0,
    },
    true,
  );
  const found = result.kind === 'ok' ? result.found : undefined;
  // With `from`, IPv4 shows no source, and IPv6 the one it would have chosen.
  const shown =
    source === undefined
      ? chosen
      : typeof destination === 'bigint' && found
        ? (found.route.prefsrc ?? selectAddress6(net, found.nexthop.dev, destination))
        : undefined;
  return worded(result, shown, undefined);
}

function asked(query: Query, protocol: number | undefined) {
  return {
    ...(protocol === undefined ? {} : { protocol }),
    ...(query.sourcePort === undefined ? {} : { sourcePort: query.sourcePort }),
    ...(query.destinationPort === undefined ? {} : { destinationPort: query.destinationPort }),
  };
}

function wordedFound(found: FibResult): string[] {
  if (found.kind === 'failed') return [MESSAGES[found.error] ?? found.error];
  const { type } = found.route;
  return found.possible.map(({ dev, gateway }) =>
    [
      type,
      gateway === undefined ? undefined : `via ${formatIp(gateway)}`,
      `dev ${type === 'local' || type === 'anycast' ? 'lo' : dev}`,
    ]
      .filter((word) => word !== undefined)
      .join(' '),
  );
}

function worded(result: RouteResult, source: Ip | undefined, iif: string | undefined): string[] {
  if (result.kind === 'drop') return [MESSAGES[result.error ?? reasonOf(result.reason)] ?? result.reason];
  const { destination, found, step } = result;
  const decision = step.decision;
  const type =
    decision === 'forward'
      ? (found?.route.type ?? 'unicast')
      : found?.route.type === 'anycast'
        ? 'anycast'
        : decision;
  const line = (dev: string, gateway: Ip | undefined): string =>
    [
      type,
      gateway === undefined ? undefined : `via ${formatIp(gateway)}`,
      `dev ${dev}`,
      source === undefined || iif !== undefined ? undefined : `src ${formatIp(source)}`,
      destination.redirects && typeof source !== 'bigint' && found?.route.family === 4
        ? 'redirect'
        : undefined,
    ]
      .filter((word) => word !== undefined)
      .join(' ');
  const direct = type === 'local' || type === 'broadcast' || destination.out !== found?.nexthop.dev;
  const gateway = step.via === undefined ? undefined : parseIp(step.via);
  if (direct) return [line(destination.out, gateway)];
  return [
    line(destination.out, gateway),
    ...(found?.possible ?? [])
      .filter((nexthop) => nexthop !== found?.nexthop)
      .map((nexthop) => withoutChoice(line(nexthop.dev ?? '', nexthop.gateway))),
  ];
}

/** Without what follows from which next hop of several is taken: which source, and whether back to where it came from. */
function withoutChoice(answer: string): string {
  return answer.replace(/ src \S+/, '').replace(/ redirect$/, '');
}

/** Of arriving packets the kernel tells nobody an errno but netlink. */
function reasonOf(reason: string): string {
  return reason === 'IP_INADDRERRORS' ? 'EHOSTUNREACH' : 'EINVAL';
}
