import { ownersOf } from '../../correlate/owner.ts';
import { formatIp } from '../../net/ip.ts';
import type { NftRule } from '../../nft/ruleset.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import type { Scene } from '../case.ts';
import type { Cause, Command, Found } from '../cause.ts';
import type { Evidence } from '../finding.ts';
import { type FrameView, judgeFrame } from '../frame-filter.ts';
import { caseOfGap, gapEvidence } from '../gap-cause.ts';
import { holdersOfMac } from '../shared-link.ts';
import { type Unanswered, unanswered } from '../unanswered.ts';
import { nameOf } from '../words.ts';

/** NF_ARP_IN and NF_ARP_OUT, in arp_rcv() and arp_xmit(), net/ipv4/arp.c */
export const fltArpDrop: Cause = {
  id: 'flt-arp-drop',
  title: 'A filter drops ARP: arptables or nftables’ arp family',
  severity: 'error',
  page: () => ({
    symptom: '"No route to host", for some machines or all, though the address is there and up.',
    mechanism:
      'ARP passes hooks of its own, where arptables and nftables tables of the arp family have their chains. A request that is dropped in INPUT is never answered; what is dropped in OUTPUT, request or reply, never leaves. iptables never sees ARP.',
    check: 'arptables-save -c; nft list ruleset (table arp)',
    proof:
      'The who-has arrives on an interface of the host that has the address and is not answered; a rule of arptables or of an arp table matches it, and its counter grows.',
    refutation:
      'An ARP reply of that host for this asker; or the address is not there, or arp_ignore keeps it silent.',
    settledBy: ['arptables-save -c', 'nft list ruleset'],
    repair: 'Delete or narrow that rule.',
    references: ['net/ipv4/arp.c: arp_rcv(), arp_xmit()', 'arptables-nft(8)', 'nft(8): arp family'],
  }),
  survey: (scene) => unanswered(scene).flatMap((gap) => droppedBy(scene, gap)),
};

function droppedBy(scene: Scene, gap: Unanswered): Found[] {
  if (typeof gap.target !== 'number') return [];
  for (const { netns } of ownersOf(scene.snapshot, gap.target)) {
    if (netns === gap.sender) continue;
    const devices = heardOn(scene, gap, netns);
    for (const chain of ['INPUT', 'OUTPUT'] as const) {
      for (const device of devices) {
        const rule = byArptables(scene, gap, netns, chain, device) ?? byNft(gap, netns, chain, device);
        if (rule) return [told(scene, gap, netns, device, rule)];
      }
    }
  }
  return [];
}

/** Interfaces of that namespace on which the question was captured; else those with the address. */
function heardOn(scene: Scene, gap: Unanswered, netns: Netns): string[] {
  const heard = scene.correlation.arp
    .filter(({ target, sender }) => target === gap.target && sender === gap.senderAddress)
    .flatMap(({ point }) => scene.correlation.points[point] ?? [])
    .filter(({ namespace }) => namespace === netns.name)
    .map(({ interface: name }) => netns.links?.find((link) => link.name === name)?.master ?? name);
  const own = (netns.links ?? [])
    .filter(({ name, addresses }) => name !== 'lo' && addresses.some(({ address }) => address === gap.target))
    .map(({ name }) => name);
  return [...new Set([...heard, ...own])];
}

interface Dropping {
  readonly place: string;
  readonly evidence: Evidence;
  readonly fix: Command[];
  readonly counted: number | undefined;
  readonly doubtful: boolean;
}

function frameOf(
  scene: Scene,
  gap: Unanswered,
  chain: 'INPUT' | 'OUTPUT',
  device: string,
): FrameView | undefined {
  const asker = gap.senderAddress ?? caseOfGap(scene, gap)?.flow.client.address;
  if (typeof asker !== 'number') return undefined;
  const mac = gap.exchange?.senderMac;
  return chain === 'INPUT'
    ? { kind: 'ARP', in: device, source: asker, destination: gap.target, etherSource: mac, operation: 1 }
    : {
        kind: 'ARP',
        out: device,
        source: gap.target,
        destination: asker,
        etherDestination: mac,
        operation: 2,
      };
}

function byArptables(
  scene: Scene,
  gap: Unanswered,
  netns: Netns,
  chain: 'INPUT' | 'OUTPUT',
  device: string,
): Dropping | undefined {
  const filter = netns.frameFilters?.find(({ tool }) => tool === 'arptables');
  const frame = frameOf(scene, gap, chain, device);
  const verdict = filter && frame && judgeFrame(filter, chain, frame);
  if (verdict?.verdict !== 'DROP') return undefined;
  const { rule } = verdict;
  const span = rule?.span ?? verdict.chain.span;
  const place = rule
    ? `arptables ${verdict.chain.name} ("${rule.text}")`
    : `the policy of arptables ${verdict.chain.name}`;
  return {
    place,
    evidence: {
      path: span.path,
      line: span.line,
      text: `${place}${rule?.packets === undefined ? '' : ` (counted ${rule.packets} packets)`}`,
    },
    fix: [
      {
        namespace: netns.name,
        text: rule
          ? `arptables -D ${verdict.chain.name} ${withoutEmpty(rule.text)}`
          : `arptables -P ${verdict.chain.name} ACCEPT`,
      },
    ],
    counted: rule?.packets,
    doubtful: verdict.doubtful,
  };
}

/** As the command takes it: the target last. */
function withoutEmpty(text: string): string {
  const target = /-j \S+/.exec(text)?.[0] ?? '';
  return `${text.replace(target, '').trim()} ${target}`.trim().replaceAll(/\s+/g, ' ');
}

/** Chains of nft's arp family: rules of plain comparisons with the addresses and the interface. */
function byNft(
  gap: Unanswered,
  netns: Netns,
  chain: 'INPUT' | 'OUTPUT',
  device: string,
): Dropping | undefined {
  const hook = chain === 'INPUT' ? 'input' : 'output';
  const chains = (netns.nft?.tables ?? [])
    .filter(({ family }) => family === 'arp')
    .flatMap((table) => table.chains.map((one) => ({ table, one })))
    .filter(({ one }) => one.base?.hook === hook);
  for (const { table, one } of chains) {
    const place = `arp ${table.name} ${one.name}`;
    const [asker, owner] = [gap.senderAddress, gap.target].map((ip) =>
      ip === undefined ? '' : formatIp(ip),
    );
    const values = {
      iifname: hook === 'input' ? device : undefined,
      oifname: hook === 'output' ? device : undefined,
      'arp saddr ip': hook === 'input' ? asker : owner,
      'arp daddr ip': hook === 'input' ? owner : asker,
      'arp operation': hook === 'input' ? 'request' : 'reply',
    };
    const index = one.rules.findIndex(
      (rule) => /(?:^|\s)(?:drop|accept)$/.test(rule.text) && holds(rule, values) !== 'no',
    );
    const rule = one.rules[index];
    const drops = rule ? /drop$/.test(rule.text) : one.base?.policy === 'drop';
    if (!drops) continue;
    const span = rule?.span ?? one.span;
    const counted = Number(/counter packets (\d+)/.exec(rule?.text ?? '')?.[1] ?? Number.NaN);
    return {
      place: rule ? `${place} rule ${index + 1} ("${rule.text}")` : `the policy of ${place}`,
      evidence: { path: span.path, line: span.line, text: rule ? rule.text : `policy drop of ${place}` },
      fix: [
        {
          namespace: netns.name,
          text: `nft insert rule arp ${table.name} ${one.name} arp saddr ip ${hook === 'input' ? asker : owner} accept`,
        },
      ],
      counted: Number.isNaN(counted) ? undefined : counted,
      doubtful: rule !== undefined && holds(rule, values) === 'unknown',
    };
  }
  return undefined;
}

function holds(
  { text }: NftRule,
  values: Readonly<Record<string, string | undefined>>,
): 'yes' | 'no' | 'unknown' {
  let rest = text
    .replace(/counter packets \d+ bytes \d+|counter|(?:drop|accept)$/g, '')
    .replace(/arp (?:htype|hlen|plen) \S+/g, '');
  for (const [key, value] of Object.entries(values)) {
    const match = new RegExp(`${key} "?([^\\s"]+)"?`).exec(rest);
    if (!match) continue;
    if (match[1] !== value) return 'no';
    rest = rest.replace(match[0], '');
  }
  return rest.trim() === '' ? 'yes' : 'unknown';
}

function told(scene: Scene, gap: Unanswered, netns: Netns, device: string, dropping: Dropping): Found {
  const where = nameOf(scene, netns.name);
  const target = formatIp(gap.target);
  const asker = gap.senderAddress === undefined ? 'the asker' : formatIp(gap.senderAddress);
  const known = gap.exchange && holdersOfMac(scene, gap.exchange.senderMac)[0];
  const who = known ? nameOf(scene, known.netns.name) : asker;
  const { place, evidence, fix, counted, doubtful } = dropping;
  return {
    confidence: doubtful || counted === 0 ? 0.55 : counted !== undefined ? 0.94 : 0.85,
    title: `${where} has ${target} and drops ARP of ${who}: ${place}`,
    explanation:
      `${who} asks who has ${target}, ${where} has it on ${device}, and ${place} drops ${/OUTPUT|output/.test(place) ? 'the reply' : 'the request'}${counted ? `; it has counted ${counted}` : ''}. ` +
      'So there is no answer, and not one packet is sent. iptables never sees ARP.',
    namespace: netns.name,
    interface: device,
    status: 'no-reply',
    evidence: [evidence, ...gapEvidence(scene, gap)],
    fix,
  };
}
