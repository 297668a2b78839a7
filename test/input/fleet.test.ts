import { describe, expect, it } from 'vitest';
import { parseArgument } from '../../src/input/argument.ts';
import { bundleHost } from '../../src/input/fleet.ts';
import { hostOf, isRoot, localName, rootOf } from '../../src/input/host.ts';
import type { InputSet, Manifest } from '../../src/input/input.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import { directoryOf, PCAP, ROUTES, RULES } from './files.ts';

const ADDR = '[{"ifindex":1,"ifname":"lo","flags":["UP"],"addr_info":[]}]';
const manifest = (host: string): string => JSON.stringify({ format: 'nettrace-bundle/1', host });

function places(inputs: InputSet): string[] {
  return [
    ...inputs.captures.map((c) => `${c.namespace ?? '?'}:${c.interface ?? '?'}`),
    ...inputs.dumps.map((d) => `${d.namespace} ${d.dump.format}`),
  ].sort();
}

describe('names of namespaces', () => {
  const cases: [string, string | undefined, string, boolean, string][] = [
    ['host', undefined, 'host', true, 'host'],
    ['red', undefined, 'red', false, 'host'],
    ['node-1/host', 'node-1', 'host', true, 'node-1/host'],
    ['node-1/red', 'node-1', 'red', false, 'node-1/host'],
  ];
  it.each(cases)('%s', (name, host, local, root, rootName) => {
    expect([hostOf(name), localName(name), isRoot(name), rootOf(name)]).toEqual([
      host,
      local,
      root,
      rootName,
    ]);
  });
});

describe('arguments', () => {
  const cases: [string, string | undefined, string | undefined, string][] = [
    ['node-1/red:eth0=a.pcap', 'node-1/red', 'eth0', 'a.pcap'],
    ['node-1/red:=rules.txt', 'node-1/red', undefined, 'rules.txt'],
    ['node-1:=rules.txt', 'node-1', undefined, 'rules.txt'],
    ['/tmp/x:y=z', undefined, undefined, '/tmp/x:y=z'],
    ['a/b/c:d=e', undefined, undefined, 'a/b/c:d=e'],
  ];
  it.each(cases)('%s', (text, namespace, device, path) => {
    const argument = parseArgument(text, () => false);
    expect([argument.namespace, argument.interface, argument.path]).toEqual([namespace, device, path]);
  });
});

describe('whose a bundle is', () => {
  const cases: [string, string, string | undefined, string | undefined][] = [
    ['/tmp/web-1.tar.gz', '', undefined, 'web-1'],
    ['/tmp/web-1.tar.gz', '', 'db-7', 'db-7'],
    ['/tmp/web-1.tgz', 'bundle', undefined, 'web-1'],
    ['/tmp/all', 'node-1', undefined, 'node-1'],
    ['/tmp/incident/bundle', '', undefined, 'incident'],
    ['/tmp/x', '', 'a/b c', 'a-b-c'],
    ['before', '', undefined, undefined],
    ['./web-1-before', '', undefined, 'web-1'],
    ['web-1-20261128-023012.tar.gz', '', undefined, 'web-1'],
  ];
  it.each(cases)('%s %s %s: %s', (container, root, host, expected) => {
    const told = host === undefined ? undefined : ({ format: 'nettrace-bundle/1', host } as Manifest);
    expect(bundleHost(container, root, told)).toBe(expected);
  });
});

describe('bundles of several machines', () => {
  const root = directoryOf({
    'a/manifest.json': manifest('node-1'),
    'a/namespaces/host/ip-addr.json': ADDR,
    'a/namespaces/red/ip-addr.json': ADDR,
    'a/captures/host/eth0.pcap': PCAP,
    'b/manifest.json': manifest('node-2'),
    'b/namespaces/host/ip-addr.json': ADDR,
    'b/captures/blue/eth0.pcap': PCAP,
    'again/manifest.json': manifest('node-1'),
    'again/namespaces/host/iptables-save.txt': RULES,
    'node-2-rules.txt': RULES,
    'rules.txt': RULES,
    'blue-routes.txt': ROUTES,
  });
  const at = (...names: string[]) =>
    names.map((name) => (name.includes('=') ? name.replace('=', `=${root}/`) : `${root}/${name}`));

  it('have the machine before the namespace', async () => {
    const inputs = await resolveInputs(at('a', 'b'));
    expect(inputs.hosts?.map(({ name }) => name)).toEqual(['node-1', 'node-2']);
    expect(inputs.issues).toEqual([]);
    expect(places(inputs)).toEqual([
      'node-1/host ip-addr-json',
      'node-1/host:eth0',
      'node-1/red ip-addr-json',
      'node-2/blue:eth0',
      'node-2/host ip-addr-json',
    ]);
  });

  it('of one machine stay as they are: one bundle, or two of one host', async () => {
    for (const words of [at('a'), at('a', 'again')]) {
      const inputs = await resolveInputs(words);
      expect(inputs.hosts).toBeUndefined();
      expect(places(inputs).filter((place) => place.includes('/'))).toEqual([]);
      expect(inputs.manifest?.host).toBe('node-1');
    }
  });

  const beside: [string, string, string][] = [
    ['by its name', 'node-2-rules.txt', 'node-2/host iptables-save'],
    ['by an argument', 'node-2/red:=rules.txt', 'node-2/red iptables-save'],
    ["by a machine's name alone", 'node-2:=rules.txt', 'node-2/host iptables-save'],
    ['by a namespace that one machine has', 'blue:=rules.txt', 'node-2/blue iptables-save'],
  ];
  it.each(beside)('place what lies beside them %s', async (_, word, expected) => {
    const inputs = await resolveInputs(at('a', 'b', word));
    expect(places(inputs)).toContain(expected);
    expect(inputs.issues).toEqual([]);
  });

  it('leave out what is nobody’s, and say how to place it', async () => {
    const inputs = await resolveInputs(at('a', 'b', 'rules.txt'));
    expect(inputs.issues).toMatchObject([{ code: 'host-unknown', severity: 'warning' }]);
    expect(inputs.issues[0]?.text).toContain('node-1/NS:=');
    expect(places(inputs).filter((place) => place.endsWith('iptables-save'))).toEqual([]);
  });

  it('may be loose files whose arguments name the machines', async () => {
    const inputs = await resolveInputs(at('n1/host:eth0=a/captures/host/eth0.pcap', 'n2/host:=rules.txt'));
    expect(places(inputs)).toEqual(['n1/host:eth0', 'n2/host iptables-save']);
  });
});
