/** Programs that others use for the same work, where they are installed. */
import { accessSync, constants, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const PATH = (process.env.PATH ?? '').split(':').concat('/usr/sbin', '/sbin');

/** @returns {string | undefined} the program's path */
export function find(program) {
  for (const folder of PATH) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {}
  }
  return undefined;
}

const PEERS = {
  cat: (file) => ['cat', file],
  'tcpdump -w': (file) => ['tcpdump', '-r', file, '-w', '/dev/null'],
  'tcpdump -nn': (file) => ['tcpdump', '-nn', '-r', file],
  'capinfos -c': (file) => ['capinfos', '-c', file],
  'tshark conv': (file) => ['tshark', '-q', '-z', 'conv,tcp', '-r', file],
  nfpcapd: (file, scratch) => ['nfpcapd', '-r', file, '-w', scratch],
  softflowd: (file) => ['softflowd', '-r', file, '-d', '-n', '127.0.0.1:9'],
  argus: (file) => ['argus', '-r', file, '-w', '/dev/null'],
  tcptrace: (file) => ['tcptrace', '-n', file],
};

/**
 * @param {string} name of PEERS
 * @param {string} file the capture
 * @param {import('./context.mjs').Context} context
 * @param {number} [runs]
 * @returns {import('./race.mjs').Program[]} none, and said so, when it isn't installed
 */
export function peer(name, file, context, runs) {
  const scratch = join(context.home, 'scratch');
  const [program, ...words] = PEERS[name](file, scratch);
  const path = find(program);
  if (path === undefined) {
    context.missing.add(program);
    return [];
  }
  const before = () => {
    rmSync(scratch, { recursive: true, force: true });
    mkdirSync(scratch, { recursive: true });
  };
  return [{ name, command: [path, ...words], before, ...(runs !== undefined && { runs }) }];
}
