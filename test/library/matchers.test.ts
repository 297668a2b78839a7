import { AssertionError } from 'node:assert';
import { beforeAll, describe, expect, it } from 'vitest';
import '../../src/vitest.ts';
import {
  assertDelivers,
  assertDrops,
  assertFinds,
  assertRejects,
  assertTranslates,
} from '../../src/assert.ts';
import { analyze, type Bundle, openBundle } from '../../src/index.ts';
import { GATEWAY, RULES } from './lab.ts';

const BROKEN = 'captures/forward-off-bridge/bundle';
const OUT = 'from 192.168.30.20 to 8.8.8.8:443/tcp';
let bundle: Bundle;

beforeAll(async () => {
  bundle = await openBundle(GATEWAY);
}, 60_000);

/** The message of an assertion that has to fail. */
async function failure(assertion: Promise<void>): Promise<string> {
  const error = await assertion.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof Error ? error.message : 'it did not fail';
}

describe('matchers pass', () => {
  it('where the packet is as expected', async () => {
    const { snapshot } = bundle;
    await expect(snapshot).toDeliver(OUT);
    await expect(snapshot).toDeliver(OUT, {
      via: 'wan0',
      as: '203.0.113.2',
      by: 'filter FORWARD 2',
      answered: true,
    });
    await expect(snapshot).toDeliver(
      { from: 'desk', to: '8.8.8.8:443' },
      { names: { desk: '192.168.30.20' } },
    );
    await expect(snapshot).toDrop('from 192.168.30.20 to 8.8.8.8:80/tcp', {
      by: 'filter FORWARD policy',
      in: 'host',
    });
    await expect(snapshot).toDrop('from wan0 to host:22/tcp', { by: 'filter INPUT policy' });
    await expect(snapshot).toReject('tcp 192.168.30.20 > 8.8.8.8:25', {
      by: 'filter FORWARD 3',
      with: 'tcp-reset',
    });
    await expect(snapshot).toTranslate(OUT);
    await expect(snapshot).toTranslate(OUT, { as: '203.0.113.2' });
  });

  it('where it isn’t, and should not be', async () => {
    const { snapshot } = bundle;
    await expect(snapshot).not.toDeliver('from 192.168.30.20 to 8.8.8.8:80/tcp');
    await expect(snapshot).not.toDrop(OUT);
    await expect(snapshot).not.toReject(OUT);
    await expect(snapshot).not.toDrop('from wan0 to host:22/tcp', { by: 'filter FORWARD 3' });
    await expect(snapshot).not.toTranslate(OUT, { as: '203.0.113.3' });
    await expect(snapshot.apply('iptables -t nat -F POSTROUTING')).not.toTranslate(OUT);
    await expect(BROKEN).not.toHaveFinding('nat-masquerade-missing');
  });

  it('of a bundle, of files, of paths, of an analysis', async () => {
    await expect(bundle).toDeliver(OUT);
    await expect(GATEWAY).toDeliver(OUT);
    await expect('docs/examples/firewall').toReject('from 10.10.0.20 to 8.8.8.8:25/tcp');
    await expect(['docs/examples/firewall/rules', 'docs/examples/firewall/state']).toDeliver(
      'from 10.10.0.20 to 8.8.8.8:443/tcp',
    );
    await expect(await analyze(BROKEN)).toHaveFinding('fwd-ip-forward-off', {
      ...{ by: 'net.ipv4.ip_forward', in: 'host', severity: 'error', fix: 'ip_forward=1', verified: true },
    });
    await expect(await openBundle(BROKEN)).toHaveFinding('fwd-ip-forward-off');
  });
});

describe('a failure shows', () => {
  it('the packet’s way to the rule that decided', async () => {
    expect(
      await failure(expect(bundle).toDeliver('from 192.168.30.20 to 8.8.8.8:25/tcp')),
    ).toMatchInlineSnapshot(`
      "expected from 192.168.30.20 to 8.8.8.8:25/tcp to be delivered

          expected  delivered
          found     rejected by filter FORWARD 3 with tcp-reset
          rule      bundle/rules.v4:7: -A FORWARD -i lan0 -p tcp -m tcp --dport 25 -j
                    REJECT --reject-with tcp-reset
          Path: tcp 192.168.30.20:40000 → 8.8.8.8:25
          ┌ host
          │ in lan0
          │ conntrack              NEW, original direction
          │ nat:PREROUTING:policy  ACCEPT  (rules.v4:11)
          │ route                  default via 203.0.113.1 dev wan0  (state.txt:5)
          │ filter:FORWARD:rule:3  -A FORWARD -i lan0 -p tcp -m tcp --dport 25 -j
          │                        REJECT --reject-with tcp-reset  (rules.v4:7)
          │ answers with           tcp 8.8.8.8:25 → 192.168.30.20:40000 tcp-reset
          ✗ dropped                rejected by rule 3 of FORWARD in table filter
          ┊                        (tcp-reset) (kernel: NETFILTER_DROP)
          ┊ out wan0"
    `);
  });

  it('the rule that would have let it pass but for one condition', async () => {
    expect(await failure(expect(bundle).toDeliver('udp 192.168.30.20 > 8.8.8.8:53'))).toMatchInlineSnapshot(`
      "expected udp 192.168.30.20 > 8.8.8.8:53 to be delivered

          expected  delivered
          found     dropped by filter FORWARD policy
          rule      bundle/rules.v4:3: filter FORWARD policy DROP
          near      bundle/rules.v4:8: filter FORWARD rule 4 would have accepted it
                    but for \`-i wlan0\`: the packet comes in by lan0
          Path: udp 192.168.30.20:40000 → 8.8.8.8:53
          ┌ host
          │ in lan0
          │ conntrack              NEW, original direction
          │ nat:PREROUTING:policy  ACCEPT  (rules.v4:11)
          │ route                  default via 203.0.113.1 dev wan0  (state.txt:5)
          │ filter:FORWARD:policy  DROP  (rules.v4:3)
          ✗ dropped                dropped by the policy of FORWARD in table filter
          ┊                        (kernel: NETFILTER_DROP)
          ┊ out wan0"
    `);
  });

  it('which part is otherwise', async () => {
    expect(
      await failure(expect(bundle).toTranslate(OUT, { as: '203.0.113.3:40000' })),
    ).toMatchInlineSnapshot(`
      "expected from 192.168.30.20 to 8.8.8.8:443/tcp to be translated as 203.0.113.3:40000

          expected  translated as 203.0.113.3:40000
          found     delivered as 203.0.113.2:40000
          Path: tcp 192.168.30.20:40000 → 8.8.8.8:443
          ┌ host
          │ in lan0
          │ conntrack               NEW, original direction
          │ nat:PREROUTING:policy   ACCEPT  (rules.v4:11)
          │ route                   default via 203.0.113.1 dev wan0  (state.txt:5)
          │ filter:FORWARD:rule:2   -A FORWARD -i lan0 -p tcp -m tcp --dport 443 -j
          │                         ACCEPT  (rules.v4:6)
          │ nat:POSTROUTING:rule:1  -A POSTROUTING -o wan0 -j MASQUERADE
          │                         (rules.v4:15)
          │ source NAT              192.168.30.20:40000 → 203.0.113.2:40000
          └ out wan0                next hop 203.0.113.1
          by then it is tcp 203.0.113.2:40000 → 8.8.8.8:443"
    `);
  });

  it('the answer’s way, where the answer is what is amiss', async () => {
    const { snapshot } = bundle;
    const closed = snapshot.apply('iptables -D FORWARD 1');
    expect(await failure(expect(closed).toDeliver(OUT, { answered: true }))).toMatchInlineSnapshot(`
      "expected from 192.168.30.20 to 8.8.8.8:443/tcp to be delivered, answered

          expected  delivered, answered
          found     delivered, answer dropped by filter FORWARD policy
          rule      bundle/rules.v4:3: filter FORWARD policy DROP
          Path: tcp 192.168.30.20:40000 → 8.8.8.8:443
          ┌ host
          │ in lan0
          │ conntrack               NEW, original direction
          │ nat:PREROUTING:policy   ACCEPT  (rules.v4:11)
          │ route                   default via 203.0.113.1 dev wan0  (state.txt:5)
          │ filter:FORWARD:rule:1   -A FORWARD -i lan0 -p tcp -m tcp --dport 443 -j
          │                         ACCEPT  (rules.v4:6)
          │ nat:POSTROUTING:rule:1  -A POSTROUTING -o wan0 -j MASQUERADE
          │                         (rules.v4:15)
          │ source NAT              192.168.30.20:40000 → 203.0.113.2:40000
          └ out wan0                next hop 203.0.113.1
          by then it is tcp 203.0.113.2:40000 → 8.8.8.8:443
          Answer: tcp 8.8.8.8:443 → 203.0.113.2:40000
          ┌ host
          │ in wan0
          │ conntrack              ESTABLISHED, reply direction
          │ destination NAT        203.0.113.2:40000 → 192.168.30.20:40000
          │ route                  192.168.30.0/24 dev lan0 src 192.168.30.1
          │                        (state.txt:6)
          │ filter:FORWARD:policy  DROP  (rules.v4:3)
          ✗ dropped                dropped by the policy of FORWARD in table filter
          ┊                        (kernel: NETFILTER_DROP)
          ┊ out lan0
          by then it is tcp 8.8.8.8:443 → 192.168.30.20:40000"
    `);
  });

  it('what should not have been', async () => {
    expect(await failure(expect(bundle).not.toDeliver(OUT))).toMatchInlineSnapshot(`
      "expected from 192.168.30.20 to 8.8.8.8:443/tcp not to be delivered

          expected  not delivered
          found     delivered
          Path: tcp 192.168.30.20:40000 → 8.8.8.8:443
          ┌ host
          │ in lan0
          │ conntrack               NEW, original direction
          │ nat:PREROUTING:policy   ACCEPT  (rules.v4:11)
          │ route                   default via 203.0.113.1 dev wan0  (state.txt:5)
          │ filter:FORWARD:rule:2   -A FORWARD -i lan0 -p tcp -m tcp --dport 443 -j
          │                         ACCEPT  (rules.v4:6)
          │ nat:POSTROUTING:rule:1  -A POSTROUTING -o wan0 -j MASQUERADE
          │                         (rules.v4:15)
          │ source NAT              192.168.30.20:40000 → 203.0.113.2:40000
          └ out wan0                next hop 203.0.113.1
          by then it is tcp 203.0.113.2:40000 → 8.8.8.8:443"
    `);
  });

  it('that nothing was translated', async () => {
    const plain = bundle.snapshot.apply('iptables -t nat -F POSTROUTING');
    expect(await failure(expect(plain).toTranslate(OUT))).toMatchInlineSnapshot(`
      "expected from 192.168.30.20 to 8.8.8.8:443/tcp to be translated

          expected  translated
          found     delivered
                    source and destination: unchanged, not translated
          Path: tcp 192.168.30.20:40000 → 8.8.8.8:443
          ┌ host
          │ in lan0
          │ conntrack               NEW, original direction
          │ nat:PREROUTING:policy   ACCEPT  (rules.v4:11)
          │ route                   default via 203.0.113.1 dev wan0  (state.txt:5)
          │ filter:FORWARD:rule:2   -A FORWARD -i lan0 -p tcp -m tcp --dport 443 -j
          │                         ACCEPT  (rules.v4:6)
          │ nat:POSTROUTING:policy  ACCEPT  (rules.v4:14)
          └ out wan0                next hop 203.0.113.1"
    `);
  });

  it('what an analysis found', async () => {
    expect(await failure(expect(BROKEN).toHaveFinding('nat-masquerade-missing'))).toMatchInlineSnapshot(`
      "expected a finding nat-masquerade-missing

          found     fwd-ip-forward-off (error): the host does not forward: net.ipv4.ip_forward is 0"
    `);
    expect(
      await failure(expect(BROKEN).not.toHaveFinding('fwd-ip-forward-off', { in: 'host' })),
    ).toMatchInlineSnapshot(`
      "expected no finding fwd-ip-forward-off in host

          found     fwd-ip-forward-off (error): the host does not forward: net.ipv4.ip_forward is 0"
    `);
  });

  it('where in the flow something is not understood, also of what should not be', async () => {
    expect(await failure(expect(bundle).toDeliver('from nobody to 8.8.8.8:443'))).toMatchInlineSnapshot(`
      "the flow is not understood: "nobody" is no namespace, interface or address
        from nobody to 8.8.8.8:443
             ^^^^^^
      The inputs know: host, wan0, lan0."
    `);
    expect(await failure(expect(bundle).not.toDrop('from lan0 to 8.8.8.8:https/tpc'))).toMatchInlineSnapshot(`
      "the flow is not understood: "https/tpc" is no port
        from lan0 to 8.8.8.8:https/tpc
                     ^^^^^^^^^^^^^^^^^
      A number up to 65535, or a service such as https."
    `);
    expect(await failure(expect(bundle).toDrop(OUT, { by: 'filtr FORWARD 3' }))).toMatchInlineSnapshot(`
      "the outcome is not understood: "filtr" is no table, setting or cause
        dropped by filtr FORWARD 3
                   ^^^^^
      Did you mean filter? Such as \`by filter FORWARD 3\`, \`by filter FORWARD policy\`, \`by filter INPUT "a part of the rule"\`, \`by inet fw forward 2\` (nft), \`by net.ipv4.ip_forward\`, or a cause of \`nettrace explain\`."
    `);
    expect(await failure(expect(bundle).toDrop(OUT, { bye: 'filter' } as object))).toMatchInlineSnapshot(`
      "there is no part of an outcome called "bye"
      Known: by, in, via, as, to, mark, state, with, answered, names, strict."
    `);
    expect(await failure(expect(bundle).not.toHaveFinding('fwd-ip-forward-of'))).toMatchInlineSnapshot(`
      ""fwd-ip-forward-of" is no cause of the catalogue
      Did you mean fwd-ip-forward-off? \`nettrace explain\` lists them."
    `);
  });
});

describe('what is not certain', () => {
  const half = RULES.replace('-m tcp --dport 443', '-m statistic --mode random --probability 0.5');

  it('is assumed, unless strict forbids it, whatever is expected', async () => {
    const { snapshot } = await openBundle({ ...GATEWAY, 'rules.v4': half });
    await expect(snapshot).toDrop(OUT, { by: 'filter FORWARD policy' });
    await expect(snapshot).not.toDeliver(OUT);
    const strict = { strict: true };
    expect(await failure(expect(snapshot).toDrop(OUT, strict))).toContain('It rests on what is assumed');
    expect(await failure(expect(snapshot).not.toDeliver(OUT, strict))).toContain(
      'It rests on what is assumed',
    );
    expect(await failure(expect(snapshot).toDeliver(OUT, strict))).toContain(
      'random choice (probability 0.500)',
    );
    await expect(bundle.snapshot).toDeliver(OUT, strict);
  });

  it('a rule that can’t be read says nothing in a test', async () => {
    const unread = { ...GATEWAY, 'rules.v4': RULES.replace('--dport 443', '--dprt 443') };
    expect(await failure(expect(unread).toDeliver(OUT))).toMatch(/^bundle\/rules\.v4: line 6: /);
    expect(await failure(expect(unread).not.toDeliver(OUT))).toMatch(/^bundle\/rules\.v4: line 6: /);
    await expect((await openBundle(unread)).snapshot).not.toReject(OUT);
  });
});

describe('assertions for other runners', () => {
  it('pass or fail alike', async () => {
    await assertDelivers(bundle, OUT, { via: 'wan0' });
    await assertDrops(bundle.snapshot, 'from wan0 to host:22/tcp');
    await assertRejects(GATEWAY, 'tcp 192.168.30.20 > 8.8.8.8:25');
    await assertTranslates(bundle, OUT, { as: '203.0.113.2' });
    await assertFinds(BROKEN, 'fwd-ip-forward-off');
    const wrong = assertDrops(bundle, OUT);
    await expect(wrong).rejects.toBeInstanceOf(AssertionError);
    expect(await failure(assertDrops(bundle, OUT))).toBe(await failure(expect(bundle).toDrop(OUT)));
  });
});
