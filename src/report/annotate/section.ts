/** The comments of the section: what was found, and the state of each namespace as far as it matters to packets. Bounded, whatever the dumps hold. */
import { printable } from '../../base/printable.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import type { Finding } from '../../diagnose/finding.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import type { describeTopology, NamespaceDescription } from '../../topology/describe.ts';

/** Bytes of one comment, comments, and lines of each part. */
const MOST_BYTES = 4000;
const MOST_NAMESPACES = 24;
const MOST_LINES = 24;
/** Bytes of one line. */
const MOST_LINE = 300;

/** Sysctls that decide about packets on their way. */
const SYSCTLS =
  /^net\.(ipv4\.ip_forward|ipv6\.conf\.all\.forwarding|ipv4\.conf\.[^.]+\.(rp_filter|forwarding|route_localnet|arp_ignore|proxy_arp)|bridge\.bridge-nf-call-(iptables|ip6tables)|netfilter\.nf_conntrack_(max|tcp_be_liberal)|ipv4\.ip_nonlocal_bind)$/;

export function sectionComments(
  result: AnalyzeResult,
  described: ReturnType<typeof describeTopology>,
): string[] {
  const { scene } = result;
  const namespaces = described.namespaces.slice(0, MOST_NAMESPACES);
  const left = described.namespaces.length - namespaces.length;
  return [
    findingsComment(result.findings),
    ...namespaces.map((one) =>
      namespaceComment(one, scene.topology.namespaces.get(one.name), result.findings),
    ),
    ...(left > 0 ? [`and ${left} more namespaces`] : []),
    ...scene.inputs.captures.flatMap(({ path }, index) =>
      (scene.correlation.summaries[index]?.comments ?? [])
        .slice(0, 4)
        .map((comment) => cut([`comment of ${printable(path)}:`, ...comment.split('\n').map(printable)])),
    ),
  ].slice(0, MOST_COMMENTS);
}

/** Of section comments other readers, and ours, take so many. */
const MOST_COMMENTS = 80;

function findingsComment(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'nettrace found nothing wrong in these captures.';
  const lines = findings.map(({ severity, title, cause, rule, fix }, index) => {
    const place = rule ? `; ${rule.path}:${rule.line} ${rule.text}` : '';
    const repair = fix && fix.commands.length > 0 ? `; fix: ${fix.commands.join(' && ')}` : '';
    return `${index + 1}. ${severity}: ${title} (${cause})${place}${repair}`;
  });
  return cut(['What nettrace found:', ...limited(lines)]);
}

function namespaceComment(
  { name, container, links, routes }: NamespaceDescription,
  netns: Netns | undefined,
  findings: readonly Finding[],
): string {
  const devices = links.map(({ name: device, addresses, master, up, peer }) =>
    [
      device,
      ...addresses,
      master !== undefined && `on bridge ${master}`,
      up === false && 'down',
      peer && `peer ${peer.namespace}:${peer.interface}`,
    ]
      .filter((part) => part)
      .join(' '),
  );
  return cut([
    `namespace ${name}${container === undefined ? '' : ` (container ${container})`}`,
    ...part('links', devices),
    ...part('routes', routes),
    ...part(
      'rules',
      rulesOf(
        netns,
        findings.filter((one) => one.namespace === name),
      ),
    ),
    ...part('sysctls', sysctlsOf(netns)),
  ]);
}

/** The deciding ones first, then chain by chain what is there, with the lines. */
function rulesOf(netns: Netns | undefined, findings: readonly Finding[]): string[] {
  const deciding = findings.flatMap(({ rule, cause }) =>
    rule ? [`${rule.path}:${rule.line} ${rule.table} ${rule.text} (${cause})`] : [],
  );
  const all: string[] = [];
  for (const { tables } of [...(netns?.rulesets4 ?? []), ...(netns?.rulesets6 ?? [])]) {
    for (const [table, { chains }] of tables) {
      for (const { name, policy, rules } of chains.values()) {
        if (policy !== undefined && (policy !== 'ACCEPT' || rules.length > 0))
          all.push(`${table} -P ${name} ${policy}`);
        for (const { text, span } of rules) {
          if (all.length > MOST_LINES) break;
          all.push(`${span.path}:${span.line} ${table} ${text}`);
        }
      }
    }
  }
  for (const { family, name, chains } of netns?.nft?.tables ?? []) {
    for (const chain of chains) {
      for (const { text, span } of chain.rules) {
        if (all.length > MOST_LINES) break;
        all.push(`${span.path}:${span.line} ${family} ${name} ${chain.name} ${text}`);
      }
    }
  }
  const count = [...(netns?.rulesets4 ?? []), ...(netns?.rulesets6 ?? [])].reduce(
    (sum, { tables }) =>
      sum +
      [...tables.values()].reduce(
        (inner, { chains }) =>
          inner + [...chains.values()].reduce((most, { rules }) => most + rules.length, 0),
        0,
      ),
    0,
  );
  const more = count > all.length ? [`${count} rules of iptables in all`] : [];
  return [...deciding, ...all, ...more];
}

function sysctlsOf(netns: Netns | undefined): string[] {
  const all = netns?.sysctls;
  const forwarding = all?.get('net.ipv4.conf.all.forwarding')?.value;
  return [...(all ?? [])]
    .filter(([name, { inferred, value }]) => {
      if (inferred || !SYSCTLS.test(name)) return false;
      if (!/\.conf\.(?!all\.)/.test(name)) return true;
      // Of single devices only what they have otherwise.
      return name.endsWith('.forwarding') ? value !== forwarding : value !== '0';
    })
    .map(([name, { value }]) => `${name} = ${value}`);
}

function part(name: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${name}:`, ...limited(lines).map((line) => `  ${line}`)];
}

function limited(lines: readonly string[]): string[] {
  const shown = lines.slice(0, MOST_LINES);
  return lines.length > shown.length ? [...shown, `… ${lines.length - shown.length} more`] : shown;
}

/** Lines in which nothing is left that a terminal acts on, as many as there is room for. */
function cut(lines: readonly string[]): string {
  const encoder = new TextEncoder();
  let text = '';
  let bytes = 0;
  for (const line of lines) {
    const short = printable(line.length > MOST_LINE ? `${line.slice(0, MOST_LINE)}…` : line);
    bytes += encoder.encode(short).length + 1;
    if (bytes > MOST_BYTES) return `${text}\n…`;
    text += text === '' ? short : `\n${short}`;
  }
  return text;
}
