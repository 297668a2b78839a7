import { describe, expect, it } from 'vitest';
import type { Case, ModelDrop } from '../../src/diagnose/case.ts';
import { lastingRepair } from '../../src/diagnose/lasting.ts';
import { madeBy } from '../../src/diagnose/maker.ts';
import type { DecidingStep, Header, Trace } from '../../src/netstack/hop.ts';
import type { Hook } from '../../src/xtables/rule.ts';

const kase = {
  snapshot: { namespaces: new Map(), docker: { containers: [], networks: [] } },
} as unknown as Case;

/** A packet of 198.51.100.7 to 172.17.0.2:80 that came in by eth0 and dies in `chain`. */
function dropIn(
  chain: string,
  hook: Hook,
  header: Partial<Header> = {},
  direction: ModelDrop['direction'] = 'forward',
): ModelDrop {
  const rule: DecidingStep = {
    kind: 'rule',
    hook,
    table: 'filter',
    chain,
    number: 1,
    target: 'DROP',
    text: `-A ${chain} -j DROP`,
  };
  const final: Header = {
    family: 4,
    source: '198.51.100.7',
    destination: '172.17.0.2',
    protocol: 'tcp',
    sourcePort: 40_000,
    destinationPort: 80,
    ttl: 63,
    tos: 0,
    ...header,
  };
  const out = hook === 'FORWARD' ? { out: 'docker0' } : {};
  const trace = {
    hops: [{ namespace: 'host', in: 'eth0', ...out, steps: [] }],
    final,
    rule,
  } as unknown as Trace;
  return { direction, trace, cause: 'flt-rule-drop', namespace: 'host', absent: [] };
}

describe('a repair that lasts', () => {
  it.each<[maker: string, chain: string, hook: Hook, repair: string | RegExp, header?: Partial<Header>]>([
    [
      'ufw',
      'ufw-reject-forward',
      'FORWARD',
      '"ufw route allow proto tcp from 198.51.100.7 to 172.17.0.2 port 80"',
    ],
    [
      'ufw',
      'ufw-user-forward',
      'FORWARD',
      '"ufw route insert 1 allow proto tcp from 198.51.100.7 to 172.17.0.2 port 80"',
    ],
    [
      'ufw',
      'ufw-user-input',
      'INPUT',
      '"ufw insert 1 allow in on eth0 proto tcp from 198.51.100.7 to 172.17.0.2 port 80"',
    ],
    ['ufw', 'ufw-before-forward', 'FORWARD', /\/etc\/ufw\/before\.rules, in the chain ufw-before-forward/],
    ['ufw', 'ufw-reject-forward', 'FORWARD', /before\.rules/, { protocol: 'icmp' }],
    ['ufw', 'ufw6-before-input', 'INPUT', /before6\.rules, in the chain ufw6-before-input/, { family: 6 }],
    ['firewalld', 'filter_FORWARD', 'FORWARD', /--zone=docker --change-interface=docker0/],
    [
      'firewalld',
      'filter_IN_public',
      'INPUT',
      '"firewall-cmd --permanent --zone=public --add-port=80/tcp" and "firewall-cmd --reload"',
    ],
    ['fail2ban', 'f2b-nginx', 'FORWARD', /fail2ban-client set nginx unbanip 198\.51\.100\.7/],
    ['crowdsec', 'CROWDSEC_CHAIN', 'INPUT', /cscli decisions delete --ip 198\.51\.100\.7/],
    ['lxd', 'FORWARD', 'FORWARD', /lxc network set docker0 ipv4\.firewall false/],
  ])('%s, %s: %s', (maker, chain, hook, repair, header) => {
    const said = lastingRepair(kase, dropIn(chain, hook, header), maker);
    if (typeof repair === 'string') expect(said).toBe(repair);
    else expect(said).toMatch(repair);
  });

  it('an answer is banned for the client it goes to', () => {
    expect(lastingRepair(kase, dropIn('f2b-nginx', 'FORWARD', {}, 'reply'), 'fail2ban')).toContain(
      'unbanip 172.17.0.2',
    );
  });

  it('nothing is said where nobody knows', () => {
    expect(lastingRepair(kase, dropIn('FORWARD', 'FORWARD'), 'docker')).toBeUndefined();
    expect(lastingRepair(kase, dropIn('ISTIO_INBOUND', 'INPUT'), 'istio')).toBeUndefined();
  });
});

describe('who made the rule, behind its place', () => {
  it.each([
    ['ufw-user-input', ' (made by ufw)'],
    ['LIBVIRT_FWI', ' (made by libvirt)'],
    ['DOCKER-ISOLATION-STAGE-2', ''],
    ['DOCKER-USER', ''],
    ['FORWARD', ''],
  ])('%s%s', (chain, words) => expect(madeBy(dropIn(chain, 'FORWARD').trace.rule)).toBe(words));
});
