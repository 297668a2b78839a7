import { describe, expect, it } from 'vitest';
import { readTranscript } from '../../src/input/transcript.ts';
import { unmodelled } from '../../src/transcript/unmodelled.ts';

describe('a command whose doing is not modelled', () => {
  it.each([
    ['docker run -d -p 8080:80 --name web nginx', 'a namespace'],
    ['docker compose -f shop.yml up -d', 'a namespace'],
    ['podman rm -f web', "a container's namespace"],
    ['docker network create --subnet 10.9.0.0/24 blue', 'a bridge'],
    ['systemctl restart docker', 'all rules of Docker'],
    ['service docker restart', 'all rules of Docker'],
    ['ufw allow 80/tcp', 'rules of the packet filter'],
    ['firewall-cmd --permanent --zone=public --add-port=80/tcp', 'rules of the packet filter'],
    ['netplan apply', 'addresses and routes'],
    ['kubectl -n shop apply -f web.yaml', 'pods'],
    ['wg-quick up wg0', 'an interface'],
    ['modprobe br_netfilter', 'which settings'],
    ['sysctl -p', 'settings'],
    ['iptables-restore /etc/iptables/rules.v4', 'rules'],
  ])('%s', (text, changes) => {
    expect(unmodelled(text)?.changes).toMatch(new RegExp(`^${changes}`));
  });

  it.each([
    'docker ps -a',
    'docker run --help',
    'systemctl status docker',
    'ufw status verbose',
    'firewall-cmd --list-all',
    'kubectl get pods',
    'sysctl -a',
    'wg show',
    'ip link add br0 type bridge',
  ])('%s is none', (text) => {
    expect(unmodelled(text)).toBeUndefined();
  });
});

describe('a session', () => {
  const issuesOf = (...lines: string[]) =>
    readTranscript('x', lines.join('\n'))?.issues.map(({ code, line }) => `${code} ${line}`);
  const RULES = ['# sudo iptables-save', '*filter', ':FORWARD DROP [0:0]', 'COMMIT'];

  it('says what it leaves unknown, once for each kind', () => {
    expect(
      issuesOf(
        '$ ip link add br9 type bridge',
        '$ docker run -d nginx',
        '3f1c9d2b7a60',
        '$ docker run -d redis',
        '$ docker network create blue',
      ),
    ).toEqual(['not-modelled 2', 'not-modelled 5']);
  });

  it('leaves nothing unknown where a dump behind it shows what it did', () => {
    expect(issuesOf('$ ip link add br9 type bridge', '$ systemctl restart docker', ...RULES)).toEqual([]);
    expect(issuesOf('$ ip link add br9 type bridge', ...RULES, '$ systemctl restart docker')).toEqual([
      'not-modelled 6',
    ]);
  });

  it('says nothing of what was refused, or only proposed', () => {
    expect(
      issuesOf(
        '$ ip link add br9 type bridge',
        '$ docker run -d <image>',
        '$ sysctl -p',
        'net.ipv4.ip_forward = 1',
      ),
    ).toEqual([]);
  });
});
