/** The screen of `nettrace live` on a terminal, over a router with traffic that is broken and repaired meanwhile. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasTmux, Tmux, type TmuxOptions } from '../support/tmux.ts';

const TOOLS = ['ip', 'nsenter', 'tcpdump', 'iptables', 'ping', 'sysctl'];
const possible =
  hasTmux &&
  process.getuid?.() === 0 &&
  TOOLS.every((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0) &&
  spawnSync('unshare', ['--net', 'true']).status === 0;
const backends = [
  { backend: 'tcpdump', there: possible },
  { backend: 'cap', there: possible && existsSync('node_modules/cap/build/Release/cap.node') },
] as const;

const [router, client, server] = ['r', 'c', 's'].map((letter) => `ls${process.pid}${letter}`) as [
  string,
  string,
  string,
];
const launcher = join(process.cwd(), 'bin/nettrace.js');
const traffic = join(process.cwd(), 'test/tui/traffic.mjs');
const ONLY = `--host-namespace own --only ${router},${client},${server}`;

/** Milliseconds. By itself it takes one or two seconds; other tests run beside this one. */
const PATIENCE = 10_000;

function sh(command: string): string {
  const { status, stdout, stderr } = spawnSync('sh', ['-ec', command], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
  return stdout;
}

const forwarding = (value: 0 | 1) => sh(`ip netns exec ${router} sysctl -qw net.ipv4.ip_forward=${value}`);

const busy: ChildProcess[] = [];
let folder = '';
beforeAll(() => {
  if (!possible) return;
  sh(`
    for ns in ${router} ${client} ${server}; do ip netns add $ns; done
    ip -batch - <<END
link add eth0 netns ${client} type veth peer name port0 netns ${router}
link add eth0 netns ${server} type veth peer name wan0 netns ${router}
END
    ip -n ${client} -batch - <<END
link set lo up
addr add 10.62.1.2/24 dev eth0
link set eth0 up
route add default via 10.62.1.1
END
    ip -n ${server} -batch - <<END
link set lo up
addr add 10.62.2.2/24 dev eth0
link set eth0 up
END
    ip -n ${router} -batch - <<END
link set lo up
link add lan0 type bridge
link set port0 master lan0 up
addr add 10.62.1.1/24 dev lan0
link set lan0 up
addr add 10.62.2.1/24 dev wan0
link set wan0 up
END
    ip netns exec ${router} iptables -t nat -A POSTROUTING -s 10.62.1.0/24 -o wan0 -j MASQUERADE
    ip netns exec ${router} iptables -A FORWARD -i lan0 -o wan0 -j ACCEPT
  `);
  forwarding(1);
  // In a checkout the first start after a change bundles the sources.
  spawnSync(process.execPath, [launcher, 'live', '--help']);
  folder = mkdtempSync(join(tmpdir(), 'nettrace-screen-'));
  busy.push(
    spawn('ip', ['netns', 'exec', server, process.execPath, traffic, 'serve', '10.62.2.2']),
    spawn('ip', ['netns', 'exec', client, process.execPath, traffic, 'ask', '10.62.2.2']),
    spawn('ip', ['netns', 'exec', client, 'ping', '-q', '-i', '0.4', '10.62.2.2']),
  );
});
afterAll(() => {
  for (const each of busy) each.kill('SIGKILL');
  if (!possible) return;
  for (const name of [router, client, server]) spawnSync('ip', ['netns', 'del', name]);
  rmSync(folder, { recursive: true, force: true });
});

describe.each(backends)(
  'the screen, by $backend (needs root, network namespaces, tmux and $backend)',
  ({ backend, there }) => {
    if (!there) {
      it.skip('can’t run here', () => {});
      return;
    }
    let terminal: Tmux;

    function start(size: Pick<TmuxOptions, 'width' | 'height'>, more: Partial<TmuxOptions> = {}): void {
      terminal = new Tmux(`${process.execPath} ${launcher} live ${ONLY} --backend ${backend}`, {
        ...size,
        cwd: folder,
        ...more,
      });
    }

    function filter(text: string): void {
      terminal.keys('/', 'C-u');
      terminal.type(text);
      terminal.keys('Enter');
    }

    afterEach(() => {
      terminal.end();
      forwarding(1);
    });
    it('shows flows, finds what breaks them at once, and sees it repaired', async () => {
      const before = hostState();
      start({ width: 80, height: 24 });
      await terminal.until(/nothing wrong/);
      for (const [port, protocol] of [
        [80, 'tcp'],
        [53, 'udp'],
        [5201, 'tcp'],
      ]) {
        filter(`port ${port}`);
        await terminal.until(
          new RegExp(`✓ ${protocol} +10\\.62\\.1\\.2:\\d+ .*10\\.62\\.2\\.2:${port} .* \\d+/\\d+ answered`),
        );
      }

      // The path of the one that was chosen, with NAT, and the rules that let it pass.
      filter('icmp');
      await terminal.until(/1 of \d+ · icmp/);
      await terminal.until(/✓ icmp +10\.62\.1\.2.*10\.62\.2\.2.*answered/);
      terminal.keys('Enter');
      await terminal.until(/FORWARD +rule 1: -i lan0 -o wan0 -j ACCEPT/);
      await terminal.until(/POSTROUTING +rule 1: .*MASQUERADE/);
      await terminal.until(/in port0 +✓ \d+ packets?/);
      terminal.keys('Escape');

      const broken = Date.now();
      forwarding(0);
      // Lost is the first packet that comes then: one each 0.4 s.
      const found = await terminal.until(/✗ +icmp .*fwd-ip-forward-off/);
      expect(found - broken).toBeLessThan(PATIENCE);
      await terminal.until(/dropped: .*net\.ipv4\.ip_forward is 0/);
      expect(terminal.lines()[0]).toMatch(/✗ 1 finding$/);
      terminal.keys('2');
      await terminal.until(/✗ +1 +\d\d:\d\d:\d\d holds/);
      terminal.keys('Enter');
      await terminal.until(/path|Path/);
      terminal.keys('G');
      await terminal.until(/verified by replay/);
      terminal.keys('y');
      await terminal.until(/copied/);
      expect(terminal.clipboard()).toContain('sysctl -w net.ipv4.ip_forward=1');
      terminal.keys('Escape');
      await terminal.until(/1 flows/);
      terminal.keys('1', 't');
      await terminal.until(/what if: .*sysctl -w net\.ipv4\.ip_forward=1/);
      terminal.keys('Enter');
      await terminal.until(/With this done:/);
      await terminal.until(/then +reaches/);
      terminal.keys('b');
      await terminal.until(/bundle: nettrace-live-/);
      terminal.keys('r');
      await terminal.until(/report: .*\.html/);

      const repaired = Date.now();
      forwarding(1);
      const cleared = await terminal.until(/nothing wrong/);
      expect(cleared - repaired).toBeLessThan(PATIENCE);
      terminal.keys('q');
      await terminal.until(/ended 1/);
      expect(terminal.modes()).toEqual({ alternate: false, mouse: false, cursor: true });
      expect(terminal.text()).toMatch(/1 finding; /);

      const files = readdirSync(folder);
      const bundle = files.find((name) => /^nettrace-live-.*Z$/.test(name)) as string;
      const page = files.find((name) => name.endsWith('.html')) as string;
      expect(readFileSync(join(folder, page), 'utf8')).toContain('fwd-ip-forward-off');
      const { stdout } = spawnSync(process.execPath, [launcher, 'analyze', join(folder, bundle)], {
        encoding: 'utf8',
      });
      expect(stdout).toContain('net.ipv4.ip_forward is 0');
      expect(hostState()).toBe(before);
      expect(sh(`ip -n ${router} -d -o link show dev wan0`)).toMatch(/promiscuity 0/);
    }, 120_000);

    it('keeps what was chosen when its size changes, pauses, scrolls back, and helps', async () => {
      start({ width: 200, height: 60 });
      await terminal.until(/answered/);
      // Lists, packets and details beside each other.
      await terminal.until(/─ packets ─/);
      await terminal.until(/│─ path ─/);
      filter('host 10.62.2.2 and icmp');
      await terminal.until(/1 of \d+ · host 10\.62\.2\.2 and icmp/);
      terminal.resize(80, 24);
      await terminal.until((text) => text.split('\n').length === 24 && /1 of \d+ · host/.test(text));
      expect(terminal.text()).not.toMatch(/─ packets ─/);
      terminal.resize(50, 12);
      await terminal.until((text) => /icmp/.test(text) && !/─ path/.test(text));
      for (const line of terminal.lines()) expect(line.length).toBeLessThanOrEqual(50);
      terminal.resize(100, 30);
      await terminal.until((text) => /─ path ─/.test(text) && /keys/.test(text.split('\n')[29] ?? ''));

      terminal.keys('4');
      await terminal.until(/following/);
      terminal.keys('p');
      await terminal.until(/PAUSED/);
      const paused = bodyOf(terminal);
      await new Promise((resolve) => setTimeout(resolve, 1200));
      expect(bodyOf(terminal)).toEqual(paused);
      terminal.keys('PageUp');
      await terminal.until(() => bodyOf(terminal).join() !== paused.join());
      expect(terminal.text()).not.toMatch(/following/);
      terminal.keys('G');
      await terminal.until(/following/);
      terminal.keys('p');
      await terminal.until((text) => !/PAUSED/.test(text));

      terminal.keys('?');
      await terminal.until(/What is shown/);
      terminal.keys('Escape');
      await terminal.until((text) => !/What is shown/.test(text));

      // A click on a row of the flows, behind title and header, chooses it; a wheel turns what is under it.
      terminal.keys('1');
      await new Promise((resolve) => setTimeout(resolve, 300));
      terminal.keys('Escape');
      await terminal.until((text) => !/1 of \d+ ·/.test(text) && /udp/.test(text));
      terminal.keys('p');
      await terminal.until(/PAUSED/);
      terminal.click(10, 5);
      const [, protocol] = /^[✓✗?·] +(\w+)/.exec(terminal.lines()[5] ?? '') ?? [];
      await terminal.until((text) => new RegExp(`─ path ─.* ${protocol} 10`).test(text));
      terminal.keys('C-c');
      await terminal.until(/ended [01]/);
    }, 120_000);

    function hasColors(): boolean {
      const codes = [...terminal.painted().matchAll(/\x1b\[([\d;]*)m/g)].flatMap(([, code]) =>
        code?.split(';'),
      );
      expect(codes).toContain('7');
      expect(codes).not.toContain('38');
      return codes.some((code) => /^(3[0-8]|9\d)$/.test(code ?? ''));
    }

    it.each([
      // The one start also tells that there are no colours with NO_COLOR.
      { how: 'killed', kill: 'KILL', status: undefined, env: { NO_COLOR: '1' }, name: 'xterm-256color' },
      { how: 'asked to end', kill: 'TERM', status: 0, env: {}, name: 'tmux-256color' },
      { how: 'hung up on', kill: 'HUP', status: 0, env: {}, name: 'tmux-256color' },
    ])(
      'gives the terminal back when it is $how',
      async ({ kill, status, env, name }) => {
        start({ width: 80, height: 24 }, { env, terminal: name });
        await terminal.until(/answered/);
        if ('NO_COLOR' in env) expect(hasColors()).toBe(false);
        expect(terminal.modes()).toMatchObject({ alternate: true, mouse: true });
        const settings = () => sh(`stty -a < ${terminal.device()}`);
        expect(settings()).toMatch(/-icanon/);
        sh(
          `kill -${kill} $(pgrep -f '^${process.execPath} ${launcher} live ${ONLY} --backend ${backend}' | head -1)`,
        );
        // What the shell says of one that was killed may come before the terminal is given back.
        if (status !== undefined) await terminal.until(new RegExp(`ended ${status}`));
        await terminal.until(() => !terminal.modes().alternate);
        expect(terminal.modes()).toEqual({ alternate: false, mouse: false, cursor: true });
        expect(settings()).toMatch(/(^|\s)icanon/);
        expect(settings()).toMatch(/(^|\s)echo\s/);
      },
      120_000,
    );

    it.each([
      { name: 'no colours on a vt220', terminal: 'vt220', color: false },
      { name: 'eight colours on a Linux console', terminal: 'linux', color: true },
    ])(
      '$name',
      async ({ terminal: name, color }) => {
        start({ width: 80, height: 24 }, { terminal: name });
        await terminal.until(/answered/);
        expect(hasColors()).toBe(color);
      },
      120_000,
    );
  },
);

/** What somebody set, counters aside. */
function hostState(): string {
  const commands = [
    'iptables-save',
    'ip -4 -o addr',
    'ip route',
    'ip rule',
    "sysctl -a --pattern 'forward|filter'",
  ];
  return sh(`ip netns exec ${router} sh -c "${commands.join('; ')}"`)
    .replace(/^#.*$|nf_conntrack_count.*/gm, '')
    .replace(/\[\d+:\d+\]/g, '');
}

/** The list and what is below it, without the clock above and the keys below. */
function bodyOf(terminal: Tmux): string[] {
  return terminal.lines().slice(2, -1);
}

describe('without a terminal', () => {
  it('says what to do instead', () => {
    const { status, stderr } = spawnSync(process.execPath, [launcher, 'live'], { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toMatch(/the screen needs a terminal\n.*--headless/);
  });
});
