import type { Sighting } from '../../correlate/flow.ts';
import { formatEndpoint, formatIp } from '../../net/ip.ts';
import type { Case } from '../case.ts';
import type { Cause } from '../cause.ts';
import { seenAt } from '../evidence.ts';
import { nameAnswers } from '../names.ts';

const NXDOMAIN = 3;

/** RFC 1035, RCODE 3 */
export const dnsNxdomain: Cause = {
  id: 'dns-nxdomain',
  title: 'The DNS server says there is no such name',
  severity: 'info',
  page: () => ({
    symptom: '"Name or service not known".',
    mechanism:
      'NXDOMAIN is an answer: the query reached the server and its response came back. The network works; the name is wrong, or it is known to another server only.',
    check: 'nslookup NAME SERVER; /etc/resolv.conf (nameserver, search)',
    proof: 'A DNS response with RCODE 3 to that very query, and none that gives the name an address.',
    refutation: 'The name is given after another search domain was tried; or no reply at all.',
    settledBy: ['nslookup NAME SERVER', 'cat /etc/resolv.conf'],
    repair: 'Correct the name, or ask the server that knows it.',
    references: ['RFC 1035, section 4.1.1: RCODE 3', 'RFC 2308', 'resolv.conf(5): search'],
  }),
  find(kase) {
    if (kase.outcome.status !== 'delivered') return undefined;
    const denied = deniedNames(kase).filter(({ name }) => !isExpansion(kase, name));
    const [first] = denied;
    if (!first) return undefined;
    const names = [...new Set(denied.map(({ name }) => name))];
    const server = formatIp(kase.flow.server.address);
    return {
      confidence: 0.9,
      title: `${server} knows no ${names.slice(0, 3).join(', ')}`,
      explanation:
        `The query for "${names[0]}" reaches ${formatEndpoint(kase.flow.server.address, 53)} and is answered: NXDOMAIN, there is no such name. ` +
        'Transport is fine in both directions. Either the name is misspelt, or the server that was asked is not the one that knows it.',
      severity: 'info',
      group: server,
      status: 'delivered',
      evidence: denied
        .slice(0, 3)
        .map(({ name, sighting }) => seenAt(kase, sighting, `NXDOMAIN for ${name}`)),
      fix: [],
      effect: 'Nothing is wrong with the network. Check the name and the server in /etc/resolv.conf.',
    };
  },
};

/** The resolver tries the search domains of resolv.conf one by one: a denied one means nothing when the name is found after all. */
function isExpansion(kase: Case, name: string): boolean {
  return nameAnswers(kase).some(
    (answer) =>
      answer.rcode === 0 &&
      answer.addresses.length > 0 &&
      answer.flow.client.address === kase.flow.client.address &&
      (name === answer.name || name.startsWith(`${answer.name}.`) || sharesHost(name, answer.name)),
  );
}

/** `files.corp.example` and `files.lab.example`: one short name, completed by two search domains. */
function sharesHost(left: string, right: string): boolean {
  const [host] = left.split('.');
  return host !== undefined && host === right.split('.')[0];
}

/** Names this flow was denied, and was not given in another question. */
function deniedNames({ flow }: Case): { name: string; sighting: Sighting }[] {
  const replies = flow.legs[0]?.reply.kept ?? [];
  const given = new Set(
    replies
      .filter((seen) => seen.dns?.rcode === 0 && seen.dns.answers.length > 0)
      .map((seen) => seen.dns?.questions[0]?.name),
  );
  return replies.flatMap((sighting) => {
    const name = sighting.dns?.questions[0]?.name;
    return sighting.dns?.rcode === NXDOMAIN && name !== undefined && !given.has(name)
      ? [{ name, sighting }]
      : [];
  });
}
