/** What root believes of its environment, whom its files are for, and where they can't be led. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkTerminalName, trustDescriptions } from '../../src/cli/actions/live/terminal-description.ts';
import { UsageError } from '../../src/cli/io.ts';
import { openWholeFile, writeWholeFile } from '../../src/cli/whole-file.ts';
import { inspectEngines } from '../../src/collect/engines.ts';
import { Host } from '../../src/collect/host.ts';
import { RUNNING } from '../../src/collect/script/running-part.ts';
import { isTrusted, programFolders } from '../../src/collect/trusted.ts';
import { serveMetrics } from '../../src/live/metrics-server.ts';
import { ShellHost } from '../../src/live/shell-host.ts';
import { run } from '../cli/harness.ts';
import { tarOf } from '../input/tar.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const LAUNCHER = join(import.meta.dirname, '../../bin/nettrace.js');
const has = (tool: string) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;

/** The script's own judgement of a folder. */
const ONLY_ROOTS = /^only_roots\(\) \{$[\s\S]*?^\}$/m.exec(RUNNING)?.[0] ?? '';

/** In one that all may write to, and in one that is root's alone from `/` on. */
let shared: string;
let own: string;
beforeEach(() => {
  shared = mkdtempSync(join(tmpdir(), 'nettrace-safety-'));
  chmodSync(shared, 0o1777);
  own = isRoot ? mkdtempSync('/run/nettrace-safety-') : shared;
});
afterEach(() => {
  for (const folder of new Set([shared, own])) rmSync(folder, { recursive: true, force: true });
});

function program(path: string, text: string): string {
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe.skipIf(!isRoot)('a folder (needs root)', () => {
  it.each<readonly [string, boolean, () => string]>([
    ['of the system', true, () => '/usr/bin'],
    ['of root', true, () => own],
    ['that a link of root leads to', true, () => link(join(own, 'link'), '/usr/bin')],
    ['that all may write to', false, () => shared],
    ['below one that all may write to', false, () => made(join(shared, 'bin'))],
    ['of somebody else', false, () => made(join(own, 'bin'), NOBODY)],
    ['below one of somebody else', false, () => made(join(made(join(own, 'home'), NOBODY), 'bin'))],
    ['that others may write to', false, () => made(join(own, 'bin'), 0, 0o757)],
    ['that a group of others may write to', false, () => made(join(own, 'bin'), 0, 0o775, NOBODY)],
    ['that a link of somebody else leads to', false, () => link(join(shared, 'link'), '/usr/bin', NOBODY)],
    ['that a link of root leads to, and is of others', false, () => link(join(own, 'link'), shared)],
    [
      'that a link of root leads to by one of somebody else',
      false,
      () => link(join(own, 'link'), link(join(shared, 'link'), '/usr/bin', NOBODY)),
    ],
    [
      'that a link of root leads to by one of root, beside it',
      true,
      () => link(join(own, 'link'), basename(link(join(own, 'other'), '/usr/bin'))),
    ],
    ['that is relative', false, () => 'usr/bin'],
    ['that is the current one', false, () => '.'],
    ['that is none', false, () => join(own, 'none')],
  ])('%s: %s', (_, trusted, path) => {
    const folder = path();
    expect(isTrusted(folder)).toBe(trusted);
    const { status } = spawnSync('sh', ['-c', `${ONLY_ROOTS}\nonly_roots "$1"`, 'sh', folder]);
    expect(status === 0, 'the script').toBe(trusted);
  });
});

function made(path: string, uid = 0, mode = 0o755, gid = 0): string {
  mkdirSync(path);
  chmodSync(path, mode);
  chownSync(path, uid, gid);
  return path;
}

function link(path: string, target: string, uid = 0): string {
  symlinkSync(target, path);
  if (uid !== 0) spawnSync('chown', ['-h', `${uid}`, path]);
  return path;
}

describe('programs', () => {
  it('are never looked for in relative folders', () => {
    expect(programFolders('.::bin:/usr/games:../x', false)).toEqual([
      '/usr/games',
      ...programFolders('', false),
    ]);
  });

  it.skipIf(!isRoot)(
    'of root are those of root’s folders, in all ways to start them (needs root)',
    async () => {
      for (const tool of ['ip', 'tcpdump', 'docker', 'cat', 'sh', 'setpriv'])
        program(join(shared, tool), `touch ${shared}/owned`);
      for (const host of [new Host({ PATH: `${shared}:.:` }), new ShellHost({ PATH: shared })]) {
        expect(host.env.PATH).not.toContain(shared);
        for (const tool of ['ip', 'tcpdump', 'docker', 'cat', 'sh'])
          expect(host.which(tool) ?? '').not.toContain(shared);
        expect(await host.run(['cat', '/proc/self/comm'], 10)).toMatchObject({ output: 'cat\n' });
        host.killAll();
      }
      expect(existsSync(join(shared, 'owned'))).toBe(false);
    },
  );

  it('get nothing of the environment but what is meant for them', async () => {
    const host = new Host({
      ...{
        PATH: '/usr/bin',
        LD_PRELOAD: '/tmp/x.so',
        LD_LIBRARY_PATH: '/tmp',
        NODE_OPTIONS: '--require /tmp/x',
      },
      ...{
        BASH_ENV: '/tmp/x',
        ENV: '/tmp/x',
        IFS: 'x',
        TMPDIR: '/tmp/x',
        TERM: 'x',
        COLUMNS: '9',
        LC_ALL: 'de',
        TZ: ':/tmp/x',
      },
      ...{ DOCKER_HOST: 'unix:///x', XTABLES_LIBDIR: '/tmp', IPTABLES_LIB_DIR: '/tmp', PYTHONPATH: '/tmp' },
    });
    const { output } = await host.run(['env'], 10);
    const names = output
      .trimEnd()
      .split('\n')
      .map((line) => line.split('=')[0]);
    expect(names.toSorted()).toEqual(['DOCKER_HOST', 'LC_ALL', 'PATH', 'TZ']);
    expect(output).toContain('LC_ALL=C\n');
    expect(output).toContain('TZ=UTC\n');
  });

  it.skipIf(!isRoot)('of root read no settings of others (needs root)', () => {
    const folders = {
      HOME: shared,
      XDG_RUNTIME_DIR: shared,
      DOCKER_CONFIG: shared,
      DOCKER_CERT_PATH: shared,
    };
    expect(Object.keys(new Host(folders).env).toSorted()).toEqual(['LC_ALL', 'PATH', 'TZ']);
    expect(new Host({ HOME: own, DOCKER_CONFIG: own }).env).toMatchObject({ HOME: own, DOCKER_CONFIG: own });
  });

  it.skipIf(!isRoot)('take no answer of an engine for an option or a command (needs root)', async () => {
    const log = join(own, 'log');
    program(
      join(own, 'docker'),
      `case $1 in ps) printf '%s\\n' --format=x '$(touch ${own}/owned)' -f "a';touch ${own}/owned;'" a1b2 'x y' ;;
inspect) for word; do printf '%s\\n' "$word"; done >>${log}; echo '[{"Id":"a1b2","Name":"/web","State":{"Pid":0}}]' ;; esac`,
    );
    const { containers } = await inspectEngines(new Host({ PATH: own }));
    expect(containers).toEqual([{ name: 'web' }]);
    expect(
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((word) => word !== ''),
    ).toEqual(['inspect', 'a1b2', 'x', 'y']);
    expect(existsSync(join(own, 'owned'))).toBe(false);
  });

  it('have words that no shell reads', async () => {
    const host = new ShellHost({ PATH: '/usr/bin:/bin' });
    const words = [
      '$(id)',
      '`id`',
      "'; id; '",
      '"',
      '\\',
      '*',
      '~',
      '-n',
      '',
      ' ',
      '!',
      '$HOME',
      '; id',
      '&',
      '|id',
      '>x',
      '#',
      '\r',
    ];
    const { output } = await host.run(['printf', '<%s>', ...words], 10);
    expect(output).toBe(words.map((word) => `<${word}>`).join(''));
    host.killAll();
  });
});

const COMMANDS: readonly (readonly [name: string, words: readonly string[]])[] = [
  ['collect', ['collect', '--only', 'host', '-o', 'OUT/bundle.tar.gz', '--capture', 'lo', '--duration', '1']],
  ['live', ['live', '--headless', '--interfaces', 'lo', '--duration', '1']],
  ['analyze', ['analyze', 'captures/dnat-to-a-ghost/bundle']],
];

describe.skipIf(!isRoot || !has('tcpdump') || !has('unshare'))(
  'in an environment of somebody else (needs root, tcpdump)',
  () => {
    const TOOLS =
      'ip tcpdump docker podman nsenter setpriv sh env cat timeout iptables-save ip6tables-save nft ipset ss ps sysctl conntrack nstat lsns ethtool bridge stty id uname date sed mkdir grep ls head tr awk node';

    function hostile(): NodeJS.ProcessEnv {
      for (const tool of TOOLS.split(' ')) program(join(shared, tool), `touch ${shared}/owned; exit 1`);
      mkdirSync(join(shared, '.docker'));
      writeFileSync(
        join(shared, '.docker/config.json'),
        `{"cliPluginsExtraDirs": ["${shared}"], "credsStore": "x"}`,
      );
      return {
        PATH: `${shared}:.::bin:/usr/bin:/bin`,
        ...{
          HOME: shared,
          XDG_CACHE_HOME: shared,
          XDG_RUNTIME_DIR: shared,
          DOCKER_CONFIG: join(shared, '.docker'),
        },
        ...{
          TMPDIR: shared,
          TERM: `../../..${shared}/term`,
          TERMINFO: shared,
          TERMCAP: join(shared, 'termcap'),
        },
        ...{
          COLUMNS: '-1',
          LINES: '1e9',
          LANG: '\x1b[2J',
          NO_COLOR: '',
          PAGER: 'ip',
          BROWSER: 'ip',
          DISPLAY: ':0',
        },
      };
    }

    it.each(COMMANDS)(
      '%s runs none of what is there',
      (_, words) => {
        const env = hostile();
        const filled = words.map((word) => word.replace('OUT', own));
        // Of its own network, so that there is little to read. Made for all: 0600 is none of umask's doing.
        const ended = spawnSync(
          '/usr/bin/unshare',
          [
            '-n',
            '/bin/sh',
            '-c',
            'umask 0; /sbin/ip link set lo up; exec "$@"',
            'sh',
            process.execPath,
            LAUNCHER,
            ...filled,
          ],
          { env, encoding: 'utf8', timeout: 60_000 },
        );
        expect(ended.status, ended.stdout + ended.stderr).toBeLessThan(2);
        expect(readdirSync(shared)).not.toContain('owned');
        expect(readdirSync(shared).filter((name) => !TOOLS.split(' ').includes(name))).toEqual(['.docker']);
        const bundle = join(own, 'bundle.tar.gz');
        if (existsSync(bundle)) expect(statSync(bundle).mode & 0o777).toBe(0o600);
      },
      90_000,
    );

    it('the printed script neither', () => {
      // Nor is it told by the environment which folders it has found to be root's.
      const env = { ...hostile(), sound: `:${shared}:/:` };
      const script = join(own, 'collect.sh');
      spawnSync(process.execPath, [LAUNCHER, 'collect', '--print-script', '--only', 'host', '-o', script]);
      expect(statSync(script).mode & 0o777).toBe(0o600);
      const ended = spawnSync(
        '/usr/bin/unshare',
        ['-n', '/bin/sh', script, '-o', join(own, 'bundle.tar.gz')],
        {
          ...{ env, cwd: shared, encoding: 'utf8', timeout: 60_000 },
        },
      );
      expect(ended.status, ended.stdout + ended.stderr).toBeLessThan(2);
      expect(readdirSync(shared)).not.toContain('owned');
      expect(statSync(join(own, 'bundle.tar.gz')).mode & 0o777).toBe(0o600);
    }, 90_000);
  },
);

describe.skipIf(!isRoot || !has('tcpdump') || !has('unshare'))(
  'an interface that is called -w (needs root, tcpdump)',
  () => {
    const inside = (command: string) =>
      spawnSync(
        'unshare',
        [
          '-n',
          'sh',
          '-ec',
          `ip link add name -w type veth peer name x; ip link set dev -w up; ip link set x up; ${command}`,
          process.execPath,
          LAUNCHER,
        ],
        { encoding: 'utf8', cwd: own, timeout: 60_000 },
      );
    const COLLECT =
      '"$0" "$1" collect --host-namespace own --only host --capture=-w --duration 1 -o bundle.tar.gz';

    it('is captured on, and no option', () => {
      const { status, stderr } = inside(COLLECT);
      expect(status, stderr).toBeLessThan(2);
      expect(readdirSync(own)).toEqual(['bundle.tar.gz']);
      const { stdout } = spawnSync('tar', ['-tzf', join(own, 'bundle.tar.gz')], { encoding: 'utf8' });
      expect(stdout).toContain('captures/host/-w.pcap');
    }, 90_000);

    it('neither is a filter that begins like one', () => {
      const { status, stderr } = inside(`${COLLECT} --filter "-w owned"`);
      expect(status).toBe(2);
      expect(stderr).toMatch(/can't parse filter expression/);
      expect(readdirSync(own)).toEqual([]);
      expect(existsSync('/owned')).toBe(false);
    }, 90_000);
  },
);

describe('what the environment says of the terminal', () => {
  it.each(['xterm', 'xterm-256color', 'screen.xterm-256color', 'rxvt-unicode+x'])('%s is one', (name) => {
    expect(() => checkTerminalName(name, '')).not.toThrow();
  });

  it.each(['../../../tmp/x', '/tmp/x', '.', 'x/y', 'x\x1b[2J', ''])('%j is none', (name) => {
    expect(() => checkTerminalName(name, '')).toThrow(UsageError);
  });

  it.skipIf(!isRoot)('is read by root from root’s folders alone (needs root)', () => {
    const env: NodeJS.ProcessEnv = {
      ...{ HOME: shared, TERMINFO: shared, TERMINFO_DIRS: `${shared}:/usr/share/terminfo::.`, TERMCAP: 'x:' },
      TERM: 'xterm',
    };
    trustDescriptions(env, true);
    expect(env).toEqual({ TERMINFO_DIRS: '/usr/share/terminfo', TERM: 'xterm' });
    const users = { HOME: shared, TERMCAP: 'x:' };
    trustDescriptions(users, false);
    expect(users).toEqual({ HOME: shared, TERMCAP: 'x:' });
  });
});

describe('files', () => {
  it('that root writes are for root alone, whatever the umask', () => {
    const before = process.umask(0);
    try {
      writeWholeFile(join(own, 'report'), 'x');
      expect(statSync(join(own, 'report')).mode & 0o777).toBe(isRoot ? 0o600 : 0o666);
    } finally {
      process.umask(before);
    }
  });

  it('that are replaced keep whom they are for', () => {
    const file = join(own, 'report');
    writeFileSync(file, 'before');
    chmodSync(file, 0o640);
    writeWholeFile(file, 'after');
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  it.skipIf(!isRoot)('go where no stranger’s link leads (needs root)', () => {
    const victim = join(own, 'victim');
    writeFileSync(victim, 'mine');
    link(join(shared, 'report'), victim, NOBODY);
    link(join(shared, 'dangling'), join(own, 'new'), NOBODY);
    link(join(shared, 'folder'), own, NOBODY);
    for (const name of ['report', 'dangling', 'folder/new'])
      expect(() => openWholeFile(join(shared, name)), name).toThrow(
        /somebody else's link in a folder that all may write to/,
      );
    expect(readFileSync(victim, 'utf8')).toBe('mine');
    expect(readdirSync(own)).toEqual(['victim']);
  });

  it.skipIf(!isRoot)('are no stranger’s file, pipe or draft (needs root)', () => {
    writeFileSync(join(shared, 'report'), '');
    chownSync(join(shared, 'report'), NOBODY, NOBODY);
    spawnSync('mkfifo', [join(shared, 'pipe')]);
    chownSync(join(shared, 'pipe'), NOBODY, NOBODY);
    for (const name of ['report', 'pipe'])
      expect(() => openWholeFile(join(shared, name)), name).toThrow(/somebody else's file/);
    const victim = join(own, 'victim');
    writeFileSync(victim, 'mine');
    link(join(shared, `.draft.${process.pid}.part`), victim, NOBODY);
    expect(() => writeWholeFile(join(shared, 'draft'), 'x')).toThrow(/EEXIST/);
    expect(readFileSync(victim, 'utf8')).toBe('mine');
  });

  it('that are replaced while a link is put in the place of their draft leave what it leads to alone', () => {
    const [file, victim] = [join(own, 'report'), join(own, 'victim')];
    writeFileSync(file, 'before');
    chmodSync(file, 0o666);
    writeFileSync(victim, 'mine');
    chmodSync(victim, 0o600);
    const whole = openWholeFile(file);
    whole.write(Buffer.from('after'));
    const draft = join(own, `.report.${process.pid}.part`);
    rmSync(draft);
    symlinkSync(victim, draft);
    whole.finish();
    expect(statSync(victim).mode & 0o777).toBe(0o600);
  });

  it('of our own are followed and replaced there, too', () => {
    writeFileSync(join(own, 'real'), '');
    link(join(shared, 'report'), join(own, 'real'));
    writeWholeFile(join(shared, 'report'), 'x');
    expect(readFileSync(join(own, 'real'), 'utf8')).toBe('x');
    expect(lstatSync(join(shared, 'report')).isSymbolicLink()).toBe(true);
  });

  it('of a container are read without following its links', () => {
    const root = join(own, 'root');
    mkdirSync(join(root, 'etc'), { recursive: true });
    writeFileSync(join(root, 'etc/hosts'), '10.0.0.1 a');
    writeFileSync(join(own, 'secret'), 'secret');
    symlinkSync(join(own, 'secret'), join(root, 'etc/resolv.conf'));
    symlinkSync(own, join(root, 'link'));
    spawnSync('mkfifo', [join(root, 'etc/nsswitch.conf')]);
    const host = new Host({});
    expect(host.readInside(root, 'etc', 'hosts')).toBe('10.0.0.1 a');
    expect(host.readInside(root, 'etc', 'resolv.conf')).toBeUndefined();
    expect(host.readInside(root, 'etc', 'nsswitch.conf')).toBeUndefined();
    expect(host.readInside(root, 'link', 'secret')).toBeUndefined();
  });

  it('of an archive get nowhere but into the bundle', async () => {
    const archive = join(own, 'evil.tar');
    const hosts = '10.0.0.1 a\n';
    writeFileSync(
      archive,
      tarOf([
        { name: 'b/manifest.json', content: '{"format":"nettrace-bundle/1"}' },
        { name: 'b/namespaces/host/hosts', content: hosts },
        { name: '../climbed', content: hosts },
        { name: 'b/../../climbed', content: hosts },
        { name: join(own, 'absolute'), content: hosts },
        { name: 'b/out', type: '2', linkname: own },
        { name: 'b/out/through', content: hosts },
        { name: 'b/hard', type: '1', linkname: join(own, 'evil.tar') },
        { name: 'b/null', type: '3' },
        { name: 'b/block', type: '4' },
        { name: 'b/pipe', type: '6' },
      ]),
    );
    const { status, stderr } = await run([
      'collect',
      '--from',
      archive,
      '--redact',
      '-o',
      join(own, 'out.tar.gz'),
      '-q',
    ]);
    expect(status, stderr).toBe(0);
    expect(readdirSync(own).toSorted()).toEqual(['evil.tar', 'out.tar.gz']);
    const { stdout } = spawnSync('tar', ['-tzvf', join(own, 'out.tar.gz')], { encoding: 'utf8' });
    expect(stdout).toContain('namespaces/host/hosts');
    for (const line of stdout.trimEnd().split('\n')) expect(line).toMatch(/^[d-]/);
    expect(existsSync(join(own, '..', 'climbed'))).toBe(false);
  });
});

describe('metrics', () => {
  const servers: { close(): Promise<void> }[] = [];
  afterAll(() => Promise.all(servers.map((server) => server.close())));

  it('are told on the loopback interface alone', async () => {
    const server = await serveMetrics(0, () => 'x 1\n');
    servers.push(server);
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4');
    const reaches = (host: string) =>
      new Promise<boolean>((done) => {
        const socket = connect({ host, port: server.port, timeout: 2000 });
        for (const event of ['error', 'timeout'] as const) socket.once(event, () => done(false));
        socket.once('connect', () => {
          socket.destroy();
          done(true);
        });
      });
    expect(await reaches('127.0.0.1')).toBe(true);
    for (const { address } of outside) expect(await reaches(address), address).toBe(false);
    const listening = existsSync('/proc/net/tcp')
      ? readFileSync('/proc/net/tcp', 'latin1')
          .split('\n')
          .filter((line) =>
            line.includes(`:${server.port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`),
          )
          .map((line) => line.trim().split(/\s+/)[1]?.split(':')[0])
      : ['0100007F'];
    expect(listening).toEqual(['0100007F']);
  });
});
