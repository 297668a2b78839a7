/**
 * A host with a real Docker engine, named namespaces and one without a name, in a sandbox: nettrace collects it, and so does its script, under
 * several shells. Writes what came of it into results.json; live.test.ts judges.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Docker } from '../../scripts/record/lib/docker.mjs';
import { Lab } from '../../scripts/record/lib/lab.mjs';
import { Namespace } from '../../scripts/record/lib/namespace.mjs';
import { enterSandbox, furnishSandbox, OUTPUT, PROJECT } from '../../scripts/record/lib/sandbox.mjs';

const self = fileURLToPath(import.meta.url);
const LAUNCHER = join(PROJECT, 'bin/nettrace.js');
const NODE = process.execPath;
const [mode, folder] = process.argv.slice(2);

async function playAll() {
  const lab = new Lab({ name: 'collect', quiet: true }, join(OUTPUT, 'setup'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => lab.end(130));
  const results = {};
  const keep = () => writeFileSync(join(OUTPUT, 'results.json'), JSON.stringify(results, null, 1));
  try {
    const places = await setUp(lab);
    for (const [name, play] of Object.entries(PLAYS)) {
      results[name] = await play(places);
      keep();
    }
    await lab.end(0);
  } catch (error) {
    results.error = String(error.stack ?? error);
    keep();
    await lab.end(1);
  }
}

async function setUp(lab) {
  const { host } = lab;
  await lab.settle(host);
  await host.sh('sysctl -qw net.ipv4.ip_forward=1');
  // Longer than everything here takes.
  const { child } = await host.start("unshare --net sh -c 'echo ready; exec sleep 3600'");
  const client = new Namespace('client', `/proc/${child.pid}/ns/net`, 'machine');
  // No address may still be tentative when the host is looked at the first time.
  await client.sh('sysctl -qw net.ipv6.conf.default.accept_dad=0; ip link set lo up');
  await lab.wire(host, 'eth0', client, 'eth0');
  await host.sh('ip addr add 192.0.2.10/24 dev eth0; ip route add default via 192.0.2.66');
  await client.sh('ip addr add 192.0.2.66/24 dev eth0; ip route add default via 192.0.2.10');
  const red = await lab.netns('red');
  const blue = await lab.netns('blue');
  await lab.bridge(host, 'br-lab', '10.66.0.1/24', [
    [red, 'eth0', '10.66.0.2/24', 'veth-red'],
    [blue, 'eth0', '10.66.0.3/24', 'veth-blue'],
  ]);
  await host.sh('ipset create allowed hash:ip; ipset add allowed 192.0.2.66');
  await blue.sh('iptables-legacy -A INPUT -p tcp --dport 99 -j DROP');
  await red.sh('nft add table inet own; nft add chain inet own in "{ type filter hook input priority 5; }"');
  const docker = new Docker(lab);
  lab.cleanups.push(() => docker.stop());
  await docker.start();
  const web = await docker.run(
    'web',
    '-p 8080:80 -e PASSWORD=hunter2 --label token=hunter3 -v /srv:/hunter4',
    "sh -c 'httpd -p 80 -h /www; exec sleep 3600'",
  );
  return { lab, host, client, red, blue, web };
}

const PLAYS = {
  /** Three points, an incident, and what the host is like before and after. */
  async whole(places) {
    const { host, red } = places;
    await host.sh('sysctl -qw net.ipv4.ip_forward=0');
    const before = stateOf(places);
    const run = start([
      '--capture',
      'br-lab,eth0,red:eth0,web:any',
      '--duration',
      '3',
      '--filter',
      'icmp or arp',
      '-o',
      'whole.tar.gz',
    ]);
    await run.said(/Ctrl-C ends it early/);
    await red.attempt('ping -c 2 -W 1 192.0.2.66');
    const ended = await run.ended;
    const after = stateOf(places);
    await host.sh('sysctl -qw net.ipv4.ip_forward=1');
    return { ended, changes: changes(before, after), ...read('whole.tar.gz') };
  },

  async scripts(places) {
    const script = join(OUTPUT, 'collect.sh');
    writeFileSync(script, run(NODE, LAUNCHER, 'collect', '--print-script').stdout);
    run(NODE, LAUNCHER, 'collect', '-o', 'node.tar.gz');
    const before = stateOf(places);
    const shells = { dash: ['dash'], busybox: ['busybox', 'sh'] };
    const results = {};
    for (const [name, shell] of Object.entries(shells)) {
      const ended = run(...shell, script, '-o', `${name}.tar.gz`);
      results[name] = { ended, ...read(`${name}.tar.gz`) };
    }
    return { changes: changes(before, stateOf(places)), node: read('node.tar.gz'), results };
  },

  /** A root directory with nothing but busybox in it. */
  async alone() {
    const root = join(OUTPUT, 'alone');
    run(
      'sh',
      '-c',
      `mkdir -p ${root}/bin ${root}/proc ${root}/sys ${root}/etc ${root}/out; cp /bin/busybox ${root}/bin; chroot ${root} /bin/busybox --install /bin;
      mkdir ${root}/dev; mknod -m 666 ${root}/dev/null c 1 3; mount --bind /proc ${root}/proc; mount --bind /sys ${root}/sys; cp ${OUTPUT}/collect.sh ${root}/out; echo nameserver 192.0.2.53 > ${root}/etc/resolv.conf`,
    );
    const ended = run('chroot', root, '/bin/sh', '-c', 'cd /out && sh collect.sh -o alone.tar.gz');
    run('cp', `${root}/out/alone.tar.gz`, OUTPUT);
    return { ended, ...read('alone.tar.gz') };
  },

  async scriptCapture({ host, red }) {
    await host.sh('sysctl -qw net.ipv4.ip_forward=0');
    const run = start(
      ['-c', 'br-lab,red:eth0,eth0', '-d', '3', '-o', 'points.tar.gz'],
      ['dash', join(OUTPUT, 'collect.sh')],
    );
    await run.said(/Ctrl-C ends it early/);
    await red.attempt('ping -c 2 -W 1 192.0.2.66');
    const ended = await run.ended;
    await host.sh('sysctl -qw net.ipv4.ip_forward=1');
    return { ended, ...read('points.tar.gz') };
  },

  async interrupted(places) {
    const drafts = () => readdirSync(OUTPUT).filter((each) => each.startsWith('nettrace-collect-'));
    /** It has its draft, and a moment to make a start. */
    const begun = async () => {
      for (let turn = 0; turn < 500 && drafts().length === 0; turn++) await sleep(20);
      await sleep(50);
    };
    const results = {};
    const script = ['dash', join(OUTPUT, 'collect.sh')];
    const moments = {
      'while it captures': [['--capture', 'eth0', '--duration', '300'], undefined, /Ctrl-C ends it early/, 1],
      'while it reads': [[], undefined, undefined, 1],
      'twice while it captures': [
        ['--capture', 'eth0', '--duration', '300'],
        undefined,
        /Ctrl-C ends it early/,
        2,
      ],
      'twice while it reads': [[], undefined, undefined, 2],
      'the script while it captures': [['-c', 'eth0', '-d', '300'], script, /Ctrl-C ends it early/, 1],
      'the script twice while it reads': [[], script, undefined, 2],
    };
    for (const [name, [words, command, ready, times]] of Object.entries(moments)) {
      const target = `${name.replaceAll(' ', '-')}.tar.gz`;
      const before = processes();
      const run = start([...words, '-o', target], command);
      if (ready) await run.said(ready);
      else await begun();
      for (let time = 0; time < times; time++) {
        run.child.kill('SIGINT');
        // A shell that waits for a command takes two signals for one: the second comes when it has answered the first.
        if (command === script) await run.said(/again: leave nothing behind/);
        else await sleep(ready ? 300 : 100);
      }
      const ended = await run.ended;
      await sleep(200);
      results[name] = {
        ended,
        times,
        left: processes().filter((each) => !before.includes(each)),
        drafts: drafts(),
        written: existsSync(join(OUTPUT, target)),
        ...(times === 1 ? read(target) : {}),
      };
    }
    void places;
    return results;
  },

  /** Somebody without rights. */
  async nobody() {
    const place = '/tmp/nobody';
    mkdirSync(place);
    run('chown', '65534', place);
    const ended = run(
      'setpriv',
      '--reuid',
      '65534',
      '--clear-groups',
      NODE,
      LAUNCHER,
      'collect',
      '-o',
      `${place}/n.tar.gz`,
    );
    run('cp', `${place}/n.tar.gz`, join(OUTPUT, 'nobody.tar.gz'));
    return { ended, ...read('nobody.tar.gz') };
  },

  async own() {
    const words = ['--host-namespace', 'own', '--only', 'host', '-o', 'own.tar.gz'];
    const ended = run('nsenter', '--net=/run/netns/red', NODE, LAUNCHER, 'collect', ...words);
    return { ended, ...read('own.tar.gz') };
  },
};

function run(command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    cwd: OUTPUT,
    maxBuffer: 1 << 28,
  });
  return { status, stdout, stderr };
}

function start(words, command = [NODE, LAUNCHER, 'collect']) {
  const child = spawn(command[0], [...command.slice(1), ...words], {
    cwd: OUTPUT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const ended = new Promise((done) => child.on('close', (status) => done({ status, stdout, stderr })));
  const said = async (pattern) => {
    for (let tries = 0; !pattern.test(stderr); tries++) {
      if (tries > 600 || child.exitCode !== null) throw new Error(`${pattern} was not said: ${stderr}`);
      await sleep(100);
    }
  };
  return { child, ended, said };
}

/** What a bundle holds. */
function read(archive) {
  const name = archive.replace('.tar.gz', '');
  const unpacked = join('/tmp/unpacked', name);
  mkdirSync(unpacked, { recursive: true });
  run('tar', '-xzf', archive, '-C', unpacked, '--strip-components', '1');
  const files = readdirSync(unpacked, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(unpacked, join(entry.parentPath, entry.name)))
    .toSorted();
  const texts = Object.fromEntries(
    files
      .filter((file) => !file.endsWith('.pcap'))
      .map((file) => [file, readFileSync(join(unpacked, file), 'utf8')]),
  );
  return { archive, files, texts, mode: (statSync(join(OUTPUT, archive)).mode & 0o777).toString(8) };
}

/** All of the host that anybody could have changed: settings, rules, links, modules, files, processes. */
function stateOf({ host, client, red, blue, web }) {
  const lines = [];
  const volatile =
    /nf_conntrack_count|\bexpires\b|random\.(uuid|entropy|boot)|file-nr|inode-nr|inode-state|dentry-state|ns_last_pid|tcp_fastopen_key|nf_log_all/;
  const commands = [
    'ip -d addr',
    'ip -d route show table all',
    'ip -6 route show table all',
    'ip rule',
    'ip nexthop',
    'bridge -d link',
    'bridge vlan',
    'nft -s list ruleset',
    'iptables-save',
    'cat /proc/net/ip_tables_names /proc/net/ip6_tables_names /proc/net/arp_tables_names',
    'ipset save',
    'sysctl -a',
    'tc qdisc',
    'cat /proc/net/packet',
    'ls /proc/sys/net /proc/net',
  ];
  // One shell for all of them; what each printed ends with a NUL.
  const script = commands.map((command) => `${command}; printf '\\000'`).join('\n');
  for (const { name, path } of [host, client, red, blue, web]) {
    const enter = path === undefined ? [] : ['nsenter', `--net=${path}`];
    const printed = run(...enter, 'sh', '-c', script).stdout.split('\0');
    for (const [index, command] of commands.entries())
      for (const line of printed[index].split('\n'))
        if (!volatile.test(line) && !line.startsWith('#'))
          lines.push(
            `${name}: ${command}: ${line.replace(/\d+sec/g, 'sec').replace(/_timer +[\d.]+/g, '_timer')}`,
          );
  }
  for (const line of run('sh', '-c', 'cat /proc/modules; ls /sys/module').stdout.split('\n'))
    lines.push(`module ${line}`);
  // What only the sandbox has, and what a program would leave in root's folder.
  const found = run(
    'sh',
    '-c',
    'find /run /tmp -xdev; find /root /etc -xdev -maxdepth 2 ! -path "/root/.npm/*" ! -path "/root/.cache/*"',
  ).stdout;
  for (const line of found.split('\n'))
    if (!/^\/(run\/(output|project)|tmp\/unpacked)/.test(line)) lines.push(`file ${line}`);
  return [...lines, ...processes().map((each) => `process ${each}`)];
}

/** But for threads that come and go, and those that nobody waits for here. */
function processes() {
  return run('ps', '-eo', 'stat,args')
    .stdout.split('\n')
    .slice(1)
    .filter((line) => line.trim() !== '' && !/^Z|ps -eo|containerd-shim.*-delete/.test(line))
    .map((line) => line.replace(/^\S+\s+/, ''));
}

function changes(before, after) {
  const count = (list) =>
    list.reduce((counts, line) => counts.set(line, (counts.get(line) ?? 0) + 1), new Map());
  const [left, right] = [count(before), count(after)];
  return [
    ...[...left].filter(([line, times]) => (right.get(line) ?? 0) < times).map(([line]) => `- ${line}`),
    ...[...right].filter(([line, times]) => (left.get(line) ?? 0) < times).map(([line]) => `+ ${line}`),
  ];
}

if (mode === '--inside') {
  furnishSandbox('node-1', folder);
  await playAll();
} else process.exitCode = await enterSandbox(self, ['--inside', mode]);
