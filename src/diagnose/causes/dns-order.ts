import type { Span } from '../../base/span.ts';
import type { Sighting } from '../../correlate/flow.ts';
import { ownersOf } from '../../correlate/owner.ts';
import { formatIp, type Ip } from '../../net/ip.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import type { Scene } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import { answersOf, type NameAnswer } from '../names.ts';
import { unanswered } from '../unanswered.ts';
import { capital, nameOf } from '../words.ts';

/** nsswitch.conf(5): "hosts: files dns" asks /etc/hosts first. */
export const dnsOrder: Cause = {
  id: 'dns-order',
  title: 'A name means another address than DNS says',
  severity: 'error',
  page: () => ({
    symptom: 'ping and curl go to another address than nslookup and dig show.',
    mechanism:
      'Programs resolve names in the order of nsswitch.conf, usually files before dns, so a line in /etc/hosts wins. nslookup and dig ask the DNS server and never look at /etc/hosts.',
    check: 'getent hosts NAME against nslookup NAME; /etc/hosts; the hosts: line of /etc/nsswitch.conf',
    proof:
      'The connection goes to the address in /etc/hosts, with no DNS query before it; DNS answers with another one.',
    refutation: 'A DNS answer with the address that was used, or dns before files in nsswitch.conf.',
    settledBy: [
      'getent ahosts NAME',
      'cat /etc/hosts /etc/nsswitch.conf',
      'ls /etc/netns/NAME (files of a named namespace)',
    ],
    repair: 'Correct or remove the line in /etc/hosts, or change the order of the services.',
    references: ['nsswitch.conf(5)', 'hosts(5)', 'ip-netns(8): /etc/netns'],
  }),
  /** The flow goes to an address that only /etc/hosts gives for the name. */
  find(kase) {
    const { flow, outcome } = kase;
    if (outcome.status === 'delivered' || outcome.status === 'unknown') return undefined;
    const sender = ownersOf(kase.snapshot, flow.client.address)[0]?.netns;
    const refusal = outcome.refusal ?? flow.legs[0]?.forward.kept[0];
    const failure = refusal
      ? [seenAt(kase, refusal, `${describeSighting(refusal)}: the connection to that address fails`)]
      : [];
    return shadowed(kase, sender)
      .filter(({ entry, answer }) => entry.address === flow.server.address && answer !== undefined)
      .map(({ namespace, name, entry, order, answer }) => ({
        ...describe(kase, namespace, name, entry, order, answer, failure),
        confidence: 0.96,
        status: outcome.status === 'rejected' ? ('rejected' as const) : ('no-reply' as const),
      }))[0];
  },
  survey(scene) {
    return [...scene.snapshot.namespaces.values()]
      .flatMap((netns) => shadowed(scene, netns))
      .flatMap(({ namespace, name, entry, order, answer }) => {
        const failure = failureOf(scene, namespace, entry.address);
        if (!answer && (!failure || isOwn(scene, entry.address))) return [];
        return [describe(scene, namespace, name, entry, order, answer, failure)];
      });
  },
};

interface Shadow {
  readonly namespace: string;
  readonly name: string;
  readonly entry: { readonly address: Ip; readonly span: Span };
  readonly order: Span | undefined;
  /** A DNS answer that says otherwise. */
  readonly answer: NameAnswer | undefined;
}

/** Names that programs of a namespace take from /etc/hosts before they would ask DNS. */
function shadowed(scene: Scene, netns: Netns | undefined): Shadow[] {
  const { hosts = [], order } = netns?.resolver ?? {};
  const services = order?.services ?? ['files', 'dns'];
  const files = services.indexOf('files');
  const dns = services.indexOf('dns');
  if (!netns || files < 0 || (dns >= 0 && dns < files)) return [];
  return hosts.flatMap((entry) =>
    entry.names.map((name) => ({
      namespace: netns.name,
      name,
      entry,
      order: order?.span,
      answer: answersOf(scene, netns.name, name).find(
        (one) => one.addresses.length > 0 && !one.addresses.includes(entry.address),
      ),
    })),
  );
}

function isOwn(scene: Scene, address: Ip): boolean {
  return ownersOf(scene.snapshot, address).length > 0;
}

function describe(
  scene: Scene,
  namespace: string,
  name: string,
  entry: { address: Ip; span: { path: string; line: number } },
  order: { path: string; line: number } | undefined,
  answer: { addresses: readonly Ip[]; sighting: Sighting } | undefined,
  failure: readonly Evidence[] | undefined,
): Found {
  const wrong = formatIp(entry.address);
  const right = answer?.addresses.map(formatIp).join(', ');
  const where = nameOf(scene, namespace);
  return {
    confidence: answer && failure ? 0.93 : answer ? 0.6 : 0.55,
    title: `in ${where} "${name}" is ${wrong} by /etc/hosts${right ? `, and ${right} by DNS` : ''}${failure ? `; nobody has ${wrong}` : ''}`,
    explanation:
      `${capital(where)}’s /etc/hosts has "${name}" as ${wrong}, and nsswitch.conf asks files before dns, so programs use that address and never ask DNS for it. ` +
      (right
        ? `The DNS server says ${right}, which is what nslookup and dig show: they don’t look at /etc/hosts. `
        : '') +
      (failure
        ? `${wrong} does not answer, so every program that uses the name fails while the network is fine.`
        : ''),
    namespace,
    status: 'no-reply',
    severity: failure ? 'error' : 'info',
    evidence: [
      { path: entry.span.path, line: entry.span.line, text: `${wrong} ${name}` },
      ...(order ? [{ path: order.path, line: order.line, text: 'hosts: files before dns' }] : []),
      ...(answer ? [seenAt(scene, answer.sighting, `the DNS server answers ${name} = ${right}`)] : []),
      ...(failure ?? []),
    ],
    fix: [],
    effect: right
      ? `Correct or remove the line of "${name}" in /etc/hosts: DNS has ${right}.`
      : `Correct or remove the line of "${name}" in /etc/hosts.`,
  };
}

/** What shows that the address from /etc/hosts leads nowhere. */
function failureOf(scene: Scene, namespace: string, address: Ip): Evidence[] | undefined {
  const gap = unanswered(scene).find(
    (one) => one.target === address && (one.sender === undefined || one.sender.name === namespace),
  );
  if (!gap) return undefined;
  const request = gap.exchange?.requests[0];
  return [
    ...(request
      ? [
          seenAt(
            scene,
            request,
            `who-has ${formatIp(address)}, asked ${gap.exchange?.count} times, never answered`,
          ),
        ]
      : []),
    ...(gap.entry
      ? [
          {
            path: gap.entry.span.path,
            line: gap.entry.span.line,
            text: `${formatIp(address)} ${gap.entry.states.join(',')}`,
          },
        ]
      : []),
  ];
}
