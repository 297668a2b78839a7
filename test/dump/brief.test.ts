import { describe, expect, it } from 'vitest';
import { ipAddr, netnsOf, snapshotOf } from '../snapshot/dumps.ts';
import { bare, contentOf, read } from './same.ts';

const TEXT = `lo               UNKNOWN        127.0.0.1/8 ::1/128
eth0@if7         UP             10.0.0.1/24 10.0.0.2/24 10.9.0.1/24 fe80::f425:4bff:fee2:3b5c/64
docker0          DOWN           172.17.0.1/16
veth1@veth2      LOWERLAYERDOWN
`;
const JSON_TEXT =
  '[{"ifname":"lo","operstate":"UNKNOWN","addr_info":[{"local":"127.0.0.1","prefixlen":8},{"local":"::1","prefixlen":128}]},' +
  '{"link_index":7,"ifname":"eth0","operstate":"UP","addr_info":[{"local":"10.0.0.1","prefixlen":24},{"local":"10.0.0.2","prefixlen":24},{"local":"10.9.0.1","prefixlen":24},{"local":"fe80::f425:4bff:fee2:3b5c","prefixlen":64}]},' +
  '{"ifname":"docker0","operstate":"DOWN","addr_info":[{"local":"172.17.0.1","prefixlen":16}]},' +
  '{"link":"veth2","ifname":"veth1","operstate":"LOWERLAYERDOWN","addr_info":[]}]';

describe('ip -br addr', () => {
  const dump = read('addr.txt', TEXT);
  const { links } = contentOf(dump, 'links');

  it('tells by the state what is up', () => {
    expect(links.map(({ name, flags, inferred }) => [name, flags.join(), inferred === true])).toEqual([
      ['lo', 'LOOPBACK,UP,LOWER_UP', false],
      ['eth0', 'UP,LOWER_UP', false],
      ['docker0', 'NO-CARRIER,UP', true],
      ['veth1', 'NO-CARRIER,UP', false],
    ]);
    expect(dump.issues.map(({ code, line }) => [code, line])).toEqual([['dump-lossy', 3]]);
  });

  it('has scopes and secondary addresses as the kernel makes them', () => {
    expect(
      links.flatMap(({ addresses }) => addresses.map(({ scope, secondary }) => `${scope} ${secondary}`)),
    ).toEqual([
      'host false',
      'host false',
      'global false',
      'global true',
      'global false',
      'link false',
      'global false',
    ]);
  });

  it('says the same as JSON', () => {
    expect(bare(contentOf(read('addr.json', JSON_TEXT), 'links').links)).toEqual(bare(links));
  });

  it('gives way to what ip addr says, without a contradiction', () => {
    const { snapshot, issues } = snapshotOf({
      'br.txt': TEXT,
      'addr.txt': ipAddr('docker0 down 172.17.0.1/16'),
    });
    const docker0 = netnsOf(snapshot).links?.find(({ name }) => name === 'docker0');
    expect(docker0?.flags).not.toContain('UP');
    expect(docker0?.inferred).toBeUndefined();
    expect(issues).toEqual([]);
  });
});

it('ip -br link has flags and addresses of the hardware', () => {
  const text =
    'lo               UNKNOWN        00:00:00:00:00:00 <LOOPBACK,UP,LOWER_UP> \na1@a0            DOWN           de:95:15:b8:83:a9 <BROADCAST,MULTICAST> \n';
  const { links, withAddresses } = contentOf(read('link.txt', text), 'links');
  expect(withAddresses).toBe(false);
  expect(links[1]).toMatchObject({
    name: 'a1',
    peerName: 'a0',
    flags: ['BROADCAST', 'MULTICAST'],
    mac: 0xde9515b883a9,
  });
});

it('ip -o addr has the addresses, an interface once', () => {
  const text =
    '1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever\n' +
    '3: a0    inet 10.0.0.1/24 brd 10.0.0.255 scope global a0\\       valid_lft forever preferred_lft forever\n' +
    '3: a0    inet6 fe80::1/64 scope link \\       valid_lft forever preferred_lft forever\n';
  const dump = read('addr.txt', text);
  const { links } = contentOf(dump, 'links');
  expect(dump.format).toBe('ip-addr-o');
  expect(
    links.map(({ name, index, inferred, addresses }) => [name, index, inferred, addresses.length]),
  ).toEqual([
    ['lo', 1, true, 1],
    ['a0', 3, true, 2],
  ]);
  expect(dump.issues.map(({ code }) => code)).toEqual(['dump-lossy']);
});
