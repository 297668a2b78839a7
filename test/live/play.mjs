/**
 * A real Docker engine in a sandbox, broken in the ways of cases.mjs: captured, dumped, analysed by nettrace, repaired with the commands
 * that nettrace suggests, and tried again. Writes what came of each into results.json; docker.test.ts judges.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Docker } from '../../scripts/record/lib/docker.mjs';
import { Lab } from '../../scripts/record/lib/lab.mjs';
import { enterSandbox, furnishSandbox, OUTPUT, PROJECT } from '../../scripts/record/lib/sandbox.mjs';
import { cases, END_HTTPD } from './cases.mjs';

const self = fileURLToPath(import.meta.url);
const LAUNCHER = join(PROJECT, 'bin/nettrace.js');
const [mode, folder, only = ''] = process.argv.slice(2);

if (mode === '--inside') {
  furnishSandbox('dock-live', folder);
  await playAll();
} else process.exitCode = await enterSandbox(self, ['--inside', mode, folder ?? '']);

async function playAll() {
  const lab = new Lab({ name: 'live', quiet: true }, join(OUTPUT, 'setup'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => lab.end(130));
  const results = [];
  try {
    const places = await setUp(lab);
    for (const [index, each] of cases.entries()) {
      if (only !== '' && !each.name.includes(only)) continue;
      results.push(await play(each, join(OUTPUT, `case-${index + 1}`), places));
      writeFileSync(join(OUTPUT, 'results.json'), JSON.stringify(results, null, 1));
    }
    await lab.end(0);
  } catch (error) {
    console.error(error);
    await lab.end(1);
  }
}

async function setUp(lab) {
  const { host } = lab;
  await lab.settle(host);
  await host.sh('sysctl -qw net.ipv4.ip_forward=1');
  const client = await lab.machine('client');
  await lab.wire(host, 'eth0', client, 'eth0');
  await host.sh('ip addr add 192.0.2.10/24 dev eth0; ip route add default via 192.0.2.66');
  await client.sh('ip addr add 192.0.2.66/24 dev eth0');
  await client.start('peer tcp-serve 192.0.2.66 7000');
  await host.start('peer tcp-serve 0.0.0.0 7001 hostd');
  const guest = await lab.netns('guest');
  await lab.bridge(host, 'br-lab', '10.66.0.1/24', [[guest, 'eth0', '10.66.0.2/24', 'veth-guest']]);
  const docker = new Docker(lab);
  lab.cleanups.push(() => docker.stop());
  await docker.start();
  await host.sh(`
    iptables -P FORWARD DROP
    iptables -t nat -A POSTROUTING -s 10.66.0.0/24 ! -o br-lab -j MASQUERADE
    docker network create --subnet 10.77.0.0/24 -o com.docker.network.bridge.name=br-shop shop
    docker network create --internal --subnet 10.78.0.0/24 -o com.docker.network.bridge.name=br-vault vault
    docker network create --subnet 10.79.0.0/24 -o com.docker.network.bridge.name=br-quiet -o com.docker.network.bridge.enable_icc=false quiet`);
  const serve = `sh -c 'busybox dd if=/dev/zero of=/www/large bs=1k count=64 2>/dev/null; httpd -p 80 -h /www; exec sleep 600'`;
  const containers = [
    ['web', '-p 8080:80'],
    ['app', ''],
    ['till', '--network shop -p 8081:80'],
    ['safe', '--network vault'],
    ['left', '--network quiet'],
    ['right', '--network quiet'],
  ];
  const places = { lab, docker, host, client, guest };
  for (const [name, flags] of containers) {
    const namespace = await docker.run(name, flags, serve);
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
    namespace.address = (await host.sh(`docker inspect -f '${format}' ${name}`)).trim();
    places[name] = namespace;
  }
  await places.app.start(`peer udp-serve ${places.app.address} 53`);
  return places;
}

/** One case: works, broken, captured, dumped, analysed, repaired, works. */
async function play(each, target, places) {
  const { host, docker } = places;
  const text = (value) => (typeof value === 'function' ? value(places) : value);
  const rules = await host.sh('iptables-save');
  const lab = new Lab({ name: each.name, quiet: true }, target);
  lab.host.files = host.files;
  const [who, command] = [places[each.tries[0]], text(each.tries[1])];
  const result = { name: each.name, causes: each.causes, startsBroken: each.startsBroken ?? false };
  const attempt = async (patience) => (await who.attempt(`PATIENCE=${patience}; ${command}`, 12)).code === 0;
  try {
    if (each.prepares) await host.sh(text(each.prepares));
    result.workedBefore = await attempt(4);
    await host.attempt('conntrack -F');
    await host.sh(text(each.breaks));
    if (each.between) await places[each.between[0]].attempt(each.between[1], 12);
    if (each.after) await host.sh(text(each.after));
    // The trace buffer is the machine's: others may be recording.
    lab.watch = { stop: () => ({}) };
    const inside = ['web', 'app', 'till', 'safe', 'left', 'right', 'guest'].map((name) => places[name]);
    await Promise.all([
      lab.capture(host, ['eth0', 'docker0', 'br-shop', 'br-vault', 'br-quiet', 'br-lab']),
      lab.capture(who, 'eth0'),
    ]);
    // Two packets that nobody answers: the second comes after a second.
    result.worksBroken = await attempt(2);
    await lab.dump(host);
    for (const namespace of inside) await lab.dump(namespace);
    docker.lab = lab;
    await docker.dump();
    lab.writeBundle();
    Object.assign(result, analyse(lab.bundle));
    result.applied = result.fix?.verified ? [...result.fix.commands, ...(result.next?.commands ?? [])] : [];
    result.byHand = result.applied.length === 0 && each.byHand !== undefined;
    const repair = result.byHand ? text(each.byHand) : result.applied.join('\n');
    const done = await host.attempt(repair === '' ? 'true' : repair);
    result.repairOutput = done.output;
    result.repairStatus = done.code;
    // What is started anew by hand needs a moment.
    for (let left = result.byHand ? 5 : 1; left > 0 && !result.worksAfter; left--) {
      result.worksAfter = await attempt(4);
      if (!result.worksAfter) await new Promise((done) => setTimeout(done, 500));
    }
  } catch (error) {
    result.error = String(error.stack ?? error);
  }
  writeFileSync('/tmp/rules', rules);
  await host.attempt(`iptables-restore < /tmp/rules`);
  if (each.restores) await host.attempt(text(each.restores));
  if (each.byHand) await host.attempt(`${END_HTTPD}; docker exec -d web httpd -p 80 -h /www`);
  const back = places.app;
  await back.attempt('ip route replace default via 172.17.0.1');
  await host.attempt('conntrack -F');
  return result;
}

function analyse(bundle) {
  const run = spawnSync(process.execPath, [LAUNCHER, 'analyze', bundle, '--format', 'json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (run.status > 1 || run.error) return { error: `nettrace ended with ${run.status}: ${run.stderr}` };
  const { findings } = JSON.parse(run.stdout);
  const [first] = findings;
  return {
    found: findings.map(({ cause, severity, confidence, title }) => ({ cause, severity, confidence, title })),
    fix: first?.fix,
    next: first?.next,
  };
}
