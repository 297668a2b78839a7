/** Sessions of several machines: by their prompts and by ssh; containers' and namespaces' shells are no machines. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveInputs } from '../../src/input/resolve.ts';
import { directoryOf, ROUTES } from './files.ts';

const ADDRESS = (last: number) => `lo               UNKNOWN        127.0.0.1/8
eth0             UP             10.1.0.${last}/24`;
const FORWARD = (value: number) => `net.ipv4.ip_forward = ${value}`;
const INSIDE = 'default via 172.17.0.1 dev eth0';

async function placed(files: Readonly<Record<string, string>>, ...words: string[]) {
  const root = directoryOf(files);
  const inputs = await resolveInputs(
    words.length > 0
      ? words.map((word) => word.replace('@', root))
      : Object.keys(files).map((name) => join(root, name)),
  );
  return {
    dumps: inputs.dumps
      .filter(({ dump }) => dump.content.kind !== 'unused')
      .map(
        ({ namespace, dump, step }) => `${namespace} ${dump.format}${step === undefined ? '' : ` ${step}`}`,
      ),
    commands: (inputs.commands ?? []).map(({ namespace, text }) => `${namespace} ${text}`),
    hosts: inputs.hosts?.map(({ name }) => name),
    issues: inputs.issues.map(({ code, line }) => `${code} ${line ?? ''}`.trim()),
  };
}

describe('one paste', () => {
  it.each<[string, string[], string[], string[] | undefined]>([
    [
      'of one machine has no machine in its names',
      ['alice@web1:~$ ip -br addr', ADDRESS(1), 'alice@web1:~$ sysctl net.ipv4.ip_forward', FORWARD(1)],
      ['host ip-addr-br 1', 'host sysctl 4'],
      undefined,
    ],
    [
      'of two machines keeps them apart',
      [
        'alice@web1:~$ ip -br addr',
        ADDRESS(1),
        'root@web2:/# ip -br addr',
        ADDRESS(2),
        '[bob@web1 ~]$ sysctl net.ipv4.ip_forward',
        FORWARD(1),
      ],
      ['web1/host ip-addr-br 1', 'web1/host sysctl 7', 'web2/host ip-addr-br 4'],
      ['web1', 'web2'],
    ],
    [
      'names a machine with its domain or without',
      [
        'root@web1.example.org:~# ip -br addr',
        ADDRESS(1),
        'root@web1:~# sysctl net.ipv4.ip_forward',
        FORWARD(1),
      ],
      ['host ip-addr-br 1', 'host sysctl 4'],
      undefined,
    ],
    [
      'goes through ssh, and comes back',
      [
        '$ ip -br addr',
        ADDRESS(1),
        '$ ssh root@10.1.0.2',
        'Last login: Sat Nov 28 10:00:00 2026',
        '$ ip -br addr',
        ADDRESS(2),
        '$ exit',
        '$ ssh 10.1.0.3 ip -br addr',
        ADDRESS(3),
        'ops@web1:~$ sysctl net.ipv4.ip_forward',
        FORWARD(1),
      ],
      ['10.1.0.2/host ip-addr-br 6', '10.1.0.3/host ip-addr-br 10', 'web1/host sysctl 13', 'unnamed'],
      ['10.1.0.2', '10.1.0.3', 'web1'],
    ],
    [
      "has a container's prompt beside its machine's",
      [
        'root@web1:~# ip -br addr',
        ADDRESS(1),
        'root@3f2a9c1b7d55:/# ip route',
        INSIDE,
        'root@77aa88bb99cc:/# ip route',
        INSIDE,
        'root@web1:~# sysctl net.ipv4.ip_forward',
        FORWARD(1),
      ],
      ['host ip-addr-br 1', '3f2a9c1b7d55 ip-route 4', '77aa88bb99cc ip-route 6', 'host sysctl 8'],
      undefined,
    ],
    [
      "opens a container's shell, whose name is no machine's",
      [
        'root@web1:~# docker exec -it app bash',
        'root@app-7:/# ip route',
        INSIDE,
        'root@app-7:/# exit',
        'root@web1:~# ip -br addr',
        ADDRESS(1),
        'root@web1:~# kubectl exec -it pod/db-0 -- sh',
        'root@db-0:/# ip route',
        INSIDE,
      ],
      ['app ip-route 2', 'host ip-addr-br 5', 'db-0 ip-route 9'],
      undefined,
    ],
    [
      'leaves a container without saying so, for another machine',
      [
        'root@web1:~# docker exec -it app bash',
        'root@app-7:/# ip route',
        INSIDE,
        'root@web2:~# ip -br addr',
        ADDRESS(2),
      ],
      ['web1/app ip-route 2', 'web2/host ip-addr-br 4'],
      ['web1', 'web2'],
    ],
    [
      'has a shell in a namespace, whose prompt is the machine’s',
      [
        'alice@web1:~$ sudo ip netns exec red bash',
        'root@web1:~# ip route',
        INSIDE,
        'root@web1:~# exit',
        'alice@web1:~$ ip -br addr',
        ADDRESS(1),
      ],
      ['red ip-route 2', 'host ip-addr-br 5'],
      undefined,
    ],
    [
      'tries from elsewhere what is shown of one machine',
      [
        'me@laptop:~$ ping -c1 10.1.0.1',
        'PING 10.1.0.1 (10.1.0.1) 56(84) bytes of data.',
        'root@web1:~# ip -br addr',
        ADDRESS(1),
        'root@web1:~# ip route',
        INSIDE,
      ],
      ['host ip-addr-br 3', 'host ip-route 6'],
      undefined,
    ],
  ])('%s', async (_, lines, expected, hosts) => {
    const { dumps, hosts: found, issues } = await placed({ 'paste.txt': lines.join('\n') });
    const wanted = expected.filter((each) => each !== 'unnamed');
    // What stands above the first prompt with a name goes to the machine that most is known of, and that is said.
    const extra = expected.length - wanted.length;
    expect(dumps.filter((each) => wanted.includes(each)).sort()).toEqual(wanted.toSorted());
    expect(dumps.length).toBe(wanted.length + extra);
    expect(found).toEqual(hosts);
    expect(issues.filter((code) => code.startsWith('several-machines')).length).toBe(hosts ? 1 : 0);
    expect(issues.filter((code) => code.startsWith('host-assumed')).length).toBe(extra);
  });

  it('changes each machine by the commands that were typed there', async () => {
    const { commands } = await placed({
      'paste.txt': [
        'root@a:~# ip link add br0 type bridge',
        'root@b:~# ip netns add red',
        'root@b:~# ssh a.lan ip link set br0 up',
      ].join('\n'),
    });
    expect(commands).toEqual(
      ['a/host ip link add br0 type bridge', 'a/host ip link set br0 up', 'b/host ip netns add red'].toSorted(
        (l, r) => commands.indexOf(l) - commands.indexOf(r),
      ),
    );
  });
});

describe('several files', () => {
  it('each with its prompt are of the machines that these name', async () => {
    const { dumps, hosts } = await placed({
      'one.txt': `root@a:~# ip -br addr\n${ADDRESS(1)}\n`,
      'two.txt': `root@b:~# ip -br addr\n${ADDRESS(2)}\n`,
    });
    expect(dumps).toEqual(['a/host ip-addr-br', 'b/host ip-addr-br']);
    expect(hosts).toEqual(['a', 'b']);
  });

  it('without a prompt beside two machines are taken for those of one, and that is said', async () => {
    const { dumps, issues } = await placed({
      'one.txt': `root@a:~# ip -br addr\n${ADDRESS(1)}\nroot@a:~# sysctl net.ipv4.ip_forward\n${FORWARD(1)}\n`,
      'routes.txt': ROUTES,
      'two.txt': `root@b:~# ip -br addr\n${ADDRESS(2)}\n`,
    });
    expect(dumps).toEqual(['a/host ip-addr-br 1', 'a/host sysctl 4', 'a/host ip-route', 'b/host ip-addr-br']);
    expect(issues).toEqual(['host-assumed']);
  });

  it('are placed by the argument', async () => {
    const { dumps, issues } = await placed(
      {
        'one.txt': `root@a:~# ip -br addr\n${ADDRESS(1)}\n`,
        'routes.txt': ROUTES,
        'two.txt': `root@b:~# ip -br addr\n${ADDRESS(2)}\n`,
      },
      '@/one.txt',
      'b/red:=@/routes.txt',
      '@/two.txt',
    );
    expect(dumps).toEqual(['a/host ip-addr-br', 'b/red ip-route', 'b/host ip-addr-br']);
    expect(issues).toEqual([]);
  });

  it('of one container are its own, by the prompt or by docker exec', async () => {
    const { dumps } = await placed({
      'a.txt': `root@3f2a9c1b7d55:/# ip route\n${INSIDE}\n`,
      'b.txt': `$ docker exec -it web ip route\n${INSIDE}\n`,
      'c.txt': `# nsenter -t 4711 -n ip route\n${INSIDE}\n`,
      'd.txt': `$ sudo nsenter --net=/run/netns/red ip route\n${INSIDE}\n`,
    });
    expect(dumps).toEqual(['3f2a9c1b7d55 ip-route', 'web ip-route', 'pid-4711 ip-route', 'red ip-route']);
  });
});
