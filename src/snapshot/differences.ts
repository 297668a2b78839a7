/** What two states of a host have different, one by one, each so that it can be changed alone. */
import type { Span } from '../base/span.ts';
import type { IpRule, Link, Neighbour, RouteDump, Socket } from '../dump/records.ts';
import { formatIp } from '../net/ip.ts';
import { formatMac } from '../net/mac.ts';
import { formatPrefix } from '../net/prefix.ts';
import type { Chain, Rule, Ruleset, Table, TableName } from '../xtables/rule.ts';
import type { Netns, Snapshot } from './snapshot.ts';

export interface StateDifference {
  readonly namespace: string;
  readonly text: string;
  /** Its line in the dump before, and in the one after; one of them for what is only there. */
  readonly before?: Span | undefined;
  readonly after?: Span | undefined;
  /** The namespace before with this alone as it is after. */
  apply(netns: Netns): Netns;
}

export function stateDifferences(before: Snapshot, after: Snapshot): StateDifference[] {
  return [...after.namespaces].flatMap(([name, now]) => {
    const was = before.namespaces.get(name);
    return was ? netnsDifferences(was, now) : [];
  });
}

/** The snapshot with one difference applied. */
export function withDifferences(snapshot: Snapshot, differences: readonly StateDifference[]): Snapshot {
  const namespaces = new Map(snapshot.namespaces);
  for (const difference of differences) {
    const netns = namespaces.get(difference.namespace);
    if (netns) namespaces.set(difference.namespace, difference.apply(netns));
  }
  return { ...snapshot, namespaces };
}

function netnsDifferences(was: Netns, now: Netns): StateDifference[] {
  return [
    ...sysctlDifferences(was, now),
    ...([4, 6] as const).flatMap((family) => rulesetDifferences(was, now, family)),
    ...routeDifferences(was, now, 'routes4'),
    ...routeDifferences(was, now, 'routes6'),
    ...policyDifferences(was, now, 'rules4'),
    ...policyDifferences(was, now, 'rules6'),
    ...linkDifferences(was, now),
    ...neighbourDifferences(was, now),
    ...socketDifferences(was, now),
    ...nftDifferences(was, now),
    ...ipsetDifferences(was, now),
  ];
}

const FORWARDING = /^net\.ipv[46]\.conf\..*\.forwarding$/;

function sysctlDifferences(was: Netns, now: Netns): StateDifference[] {
  const changed = [...(now.sysctls ?? [])].filter(([name, { value, inferred }]) => {
    const old = was.sysctls?.get(name);
    return (
      old !== undefined &&
      !inferred &&
      !old.inferred &&
      old.value !== value &&
      !/_count$|^kernel\.|^fs\./.test(name)
    );
  });
  // inet_forward_change(): writing ip_forward writes every interface's; those are no changes of their own.
  const master = changed.find(
    ([name]) => name === 'net.ipv4.ip_forward' || /ipv6\.conf\.all\.forwarding$/.test(name),
  );
  const isFollower = (name: string, value: string) =>
    master !== undefined && FORWARDING.test(name) && name !== master[0] && value === master[1].value;
  const followers = changed.filter(([name, { value }]) => isFollower(name, value));
  return changed
    .filter(([name, { value }]) => !isFollower(name, value))
    .map(([name, entry]) => {
      const old = was.sysctls?.get(name);
      const moved = master?.[0] === name ? [[name, entry] as const, ...followers] : [[name, entry] as const];
      return {
        namespace: now.name,
        text: `${name} ${old?.value} → ${entry.value}`,
        before: old?.span,
        after: entry.span,
        apply: (netns: Netns) => ({ ...netns, sysctls: new Map([...(netns.sysctls ?? []), ...moved]) }),
      };
    });
}

function rulesetDifferences(was: Netns, now: Netns, family: 4 | 6): StateDifference[] {
  const key = family === 4 ? 'rulesets4' : 'rulesets6';
  return (now[key] ?? []).flatMap((ruleset) => {
    const old = was[key]?.find(({ backend }) => backend === ruleset.backend);
    if (!old) return [];
    const names = new Set([...old.tables.keys(), ...ruleset.tables.keys()]);
    return [...names].flatMap((name) =>
      tableDifferences(now.name, key, name, old, ruleset, ruleset.tables.get(name)),
    );
  });
}

type RulesetKey = 'rulesets4' | 'rulesets6';

function tableDifferences(
  namespace: string,
  key: RulesetKey,
  name: TableName,
  old: Ruleset,
  ruleset: Ruleset,
  table: Table | undefined,
): StateDifference[] {
  const other = old.tables.get(name);
  const chains = new Set([...(other?.chains.keys() ?? []), ...(table?.chains.keys() ?? [])]);
  return [...chains].flatMap((chainName) => {
    const [left, right] = [other?.chains.get(chainName), table?.chains.get(chainName)];
    const where = `${name} ${chainName}`;
    const replace = (change: (chain: Chain) => Chain) => (netns: Netns) =>
      changeChain(netns, key, ruleset, name, right ?? (left as Chain), change);
    const found: StateDifference[] = [];
    if (left && right && left.policy !== right.policy)
      found.push({
        namespace,
        text: `policy of ${where} ${left.policy} → ${right.policy}`,
        before: left.span,
        after: right.span,
        apply: replace((chain) => ({ ...chain, ...(right.policy && { policy: right.policy }) })),
      });
    const [gone, added] = ruleDifferences(left?.rules ?? [], right?.rules ?? []);
    for (const rule of gone)
      found.push({
        namespace,
        text: `${where}: rule removed: ${rule.text}`,
        before: rule.span,
        apply: replace((chain) => ({ ...chain, rules: withoutOne(chain.rules, rule) })),
      });
    for (const { rule, at } of added)
      found.push({
        namespace,
        text: `${where}: rule added: ${rule.text}`,
        after: rule.span,
        apply: replace((chain) => ({ ...chain, rules: chain.rules.toSpliced(at, 0, rule) })),
      });
    const moved = gone.length === 0 && added.length === 0 && !sameOrder(left?.rules, right?.rules);
    if (moved && left && right)
      found.push({
        namespace,
        text: `${where}: its rules stand in another order`,
        before: left.span ?? left.rules[0]?.span,
        after: right.span ?? right.rules[0]?.span,
        apply: replace((chain) => ({ ...chain, rules: right.rules })),
      });
    return found;
  });
}

/** The chain of that backend's table, made where it isn't there yet. */
function changeChain(
  netns: Netns,
  key: RulesetKey,
  { backend, family, path }: Ruleset,
  name: TableName,
  like: Chain,
  change: (chain: Chain) => Chain,
): Netns {
  const rulesets = netns[key] ?? [];
  const own = rulesets.find((ruleset) => ruleset.backend === backend) ?? {
    backend,
    family,
    path,
    tables: new Map<TableName, Table>(),
  };
  const table = own.tables.get(name) ?? { name, chains: new Map<string, Chain>() };
  const chain = table.chains.get(like.name) ?? { ...like, rules: [] };
  const chains = new Map(table.chains).set(like.name, change(chain));
  const changed = { ...own, tables: new Map(own.tables).set(name, { ...table, chains }) };
  return { ...netns, [key]: [...rulesets.filter((ruleset) => ruleset.backend !== backend), changed] };
}

/** Rules of the first that the second lacks, and of the second that the first lacks with their place in the first. */
function ruleDifferences(
  before: readonly Rule[],
  after: readonly Rule[],
): [gone: Rule[], added: { rule: Rule; at: number }[]] {
  const left = [...before];
  const added: { rule: Rule; at: number }[] = [];
  let at = 0;
  for (const rule of after) {
    const index = left.findIndex(({ text }) => text === rule.text);
    if (index < 0) added.push({ rule, at });
    else {
      const [same] = left.splice(index, 1);
      at = same ? before.indexOf(same) + 1 : at;
    }
  }
  return [left, added];
}

function withoutOne(rules: readonly Rule[], rule: Rule): Rule[] {
  const index = rules.findIndex(({ text }) => text === rule.text);
  return index < 0 ? [...rules] : rules.toSpliced(index, 1);
}

function sameOrder(left: readonly Rule[] = [], right: readonly Rule[] = []): boolean {
  return left.every(({ text }, index) => right[index]?.text === text);
}

function routeDifferences(was: Netns, now: Netns, key: 'routes4' | 'routes6'): StateDifference[] {
  const [old, dump] = [was[key], now[key]];
  if (!old || !dump) return [];
  const textOf = ({ table, text }: RouteDump['routes'][number]) => `${table} ${words(text)}`;
  const known = new Set(old.routes.map(textOf));
  const here = new Set(dump.routes.map(textOf));
  const patch = (change: (routes: RouteDump['routes']) => RouteDump['routes']) => (netns: Netns) => {
    const routes = netns[key] ?? old;
    return { ...netns, [key]: { ...routes, routes: change(routes.routes) } };
  };
  return [
    ...old.routes
      .filter((route) => !here.has(textOf(route)) && !route.derived)
      .map((route) => ({
        namespace: now.name,
        text: `route removed: ${words(route.text)}`,
        before: route.span,
        apply: patch((routes) => routes.filter((each) => textOf(each) !== textOf(route))),
      })),
    ...dump.routes
      .filter((route) => !known.has(textOf(route)) && !route.derived)
      .map((route) => ({
        namespace: now.name,
        text: `route added: ${words(route.text)}`,
        after: route.span,
        apply: patch((routes) => [...routes, route]),
      })),
  ];
}

function policyDifferences(was: Netns, now: Netns, key: 'rules4' | 'rules6'): StateDifference[] {
  const [old, rules] = [was[key], now[key]];
  if (!old || !rules) return [];
  const has = (list: readonly IpRule[], rule: IpRule) =>
    list.some(({ text }) => words(text) === words(rule.text));
  return [
    ...old
      .filter((rule) => !has(rules, rule))
      .map((rule) => ({
        namespace: now.name,
        text: `policy rule removed: ${words(rule.text)}`,
        before: rule.span,
        apply: (netns: Netns) => ({
          ...netns,
          [key]: (netns[key] ?? []).filter((each) => !has([rule], each)),
        }),
      })),
    ...rules
      .filter((rule) => !has(old, rule))
      .map((rule) => ({
        namespace: now.name,
        text: `policy rule added: ${words(rule.text)}`,
        after: rule.span,
        apply: (netns: Netns) => ({
          ...netns,
          [key]: [...(netns[key] ?? []), rule].toSorted((left, right) => left.priority - right.priority),
        }),
      })),
  ];
}

function linkDifferences(was: Netns, now: Netns): StateDifference[] {
  return (now.links ?? []).flatMap((link) => {
    const old = was.links?.find(({ name }) => name === link.name);
    const [left, right] = [old && linkText(old), linkText(link)];
    if (!old || left === right || link.inferred || old.inferred) return [];
    return [
      {
        namespace: now.name,
        text: `${link.name}: ${left} → ${right}`,
        before: old.span,
        after: link.span,
        apply: (netns: Netns) => ({
          ...netns,
          links: (netns.links ?? []).map((each) => (each.name === link.name ? link : each)),
        }),
      },
    ];
  });
}

function linkText({ flags, mtu, master, addresses }: Link): string {
  const up = flags.includes('UP') ? (flags.includes('NO-CARRIER') ? 'up without carrier' : 'up') : 'down';
  const own = addresses.map(({ address, length }) => formatPrefix({ address, length })).join(' ');
  return [up, mtu === undefined ? '' : `mtu ${mtu}`, master === undefined ? '' : `port of ${master}`, own]
    .filter((part) => part !== '')
    .join(' ');
}

/** Another MAC, or an entry that failed and doesn't any more; what ages by itself is no change. */
function neighbourDifferences(was: Netns, now: Netns): StateDifference[] {
  return (now.neighbours ?? []).flatMap((entry) => {
    const old = was.neighbours?.find(({ address, dev }) => address === entry.address && dev === entry.dev);
    if (!old || old.mac === entry.mac) return [];
    const text = (each: Neighbour) => (each.mac === undefined ? each.states.join(' ') : formatMac(each.mac));
    return [
      {
        namespace: now.name,
        text: `neighbour ${formatIp(entry.address)} ${text(old)} → ${text(entry)}`,
        before: old.span,
        after: entry.span,
        apply: (netns: Netns) => ({
          ...netns,
          neighbours: (netns.neighbours ?? []).map((each) =>
            each.address === entry.address && each.dev === entry.dev ? entry : each,
          ),
        }),
      },
    ];
  });
}

function socketDifferences(was: Netns, now: Netns): StateDifference[] {
  const listening = (sockets: readonly Socket[] = []) =>
    sockets.filter(({ state }) => state === 'LISTEN' || state === 'UNCONN');
  const name = ({ protocol, address, port, process }: Socket) =>
    `${protocol} ${address === undefined ? '*' : formatIp(address)}:${port}${process ? ` (${process})` : ''}`;
  const [old, sockets] = [listening(was.sockets), listening(now.sockets)];
  if (!was.sockets || !now.sockets) return [];
  const apply = (netns: Netns): Netns => ({ ...netns, ...(now.sockets && { sockets: now.sockets }) });
  const names = (list: readonly Socket[]) => new Set(list.map(name));
  const [known, here] = [names(old), names(sockets)];
  return [
    ...old
      .filter((socket) => !here.has(name(socket)))
      .map((socket) => ({
        namespace: now.name,
        text: `no socket any more: ${name(socket)}`,
        before: socket.span,
        apply,
      })),
    ...sockets
      .filter((socket) => !known.has(name(socket)))
      .map((socket) => ({
        namespace: now.name,
        text: `new socket: ${name(socket)}`,
        after: socket.span,
        apply,
      })),
  ];
}

/** Rules of nft's own language; the whole ruleset is exchanged. */
function nftDifferences(was: Netns, now: Netns): StateDifference[] {
  const rules = ({ nft }: Netns) =>
    new Map(
      (nft?.tables ?? []).flatMap((table) =>
        table.chains.flatMap((chain) =>
          chain.rules.map((rule) => {
            const text = rule.text.replace(/counter packets \d+ bytes \d+/g, 'counter');
            return [`${table.family} ${table.name} ${chain.name}: ${text}`, rule.span] as const;
          }),
        ),
      ),
    );
  if (!was.nft || !now.nft) return [];
  const [old, here] = [rules(was), rules(now)];
  const apply = (netns: Netns): Netns => ({ ...netns, ...(now.nft && { nft: now.nft }) });
  return [
    ...[...old]
      .filter(([text]) => !here.has(text))
      .map(([text, before]) => ({ namespace: now.name, text: `nft rule removed: ${text}`, before, apply })),
    ...[...here]
      .filter(([text]) => !old.has(text))
      .map(([text, after]) => ({ namespace: now.name, text: `nft rule added: ${text}`, after, apply })),
  ];
}

function ipsetDifferences(was: Netns, now: Netns): StateDifference[] {
  return (now.ipsets ?? []).flatMap((set) => {
    const old = was.ipsets?.find(({ name }) => name === set.name);
    if (!old?.entries || !set.entries || old.entries.length === set.entries.length) return [];
    return [
      {
        namespace: now.name,
        text: `set ${set.name} has ${set.entries.length} elements, before ${old.entries.length}`,
        before: old.span,
        after: set.span,
        apply: (netns: Netns) => ({
          ...netns,
          ipsets: (netns.ipsets ?? []).map((each) => (each.name === set.name ? set : each)),
        }),
      },
    ];
  });
}

function words(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}
