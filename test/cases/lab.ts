/** Cases in folders of their own, and the command run on them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Ran, run, type Surroundings } from '../cli/harness.ts';

export interface Folder {
  readonly path: string;
  write(name: string, text: string): void;
  /** `nettrace test FOLDER WORDS…`, its paths printed as `DIR`. */
  test(words?: readonly string[], around?: Surroundings): Promise<Ran>;
}

/** A router: red behind it on lan0, the world by wan0; what it is known by stands in the case. */
export const STATE = `state: |
  $ ip -br addr
  lo    UNKNOWN 127.0.0.1/8
  wan0  UP      203.0.113.2/24
  lan0  UP      10.0.0.1/24
  $ ip route
  default via 203.0.113.1 dev wan0
  10.0.0.0/24 dev lan0 proto kernel scope link src 10.0.0.1
  203.0.113.0/24 dev wan0 proto kernel scope link src 203.0.113.2
  $ sysctl net.ipv4.ip_forward
  net.ipv4.ip_forward = 1
`;

export const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan0 -p tcp -m tcp --dport 8443 -j DNAT --to-destination 10.0.0.5:443
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "ssh" -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -o wan0 -p tcp -m multiport --dports 80,443 -j ACCEPT
-A FORWARD -i lan0 -j REJECT --reject-with icmp-admin-prohibited
-A FORWARD -d 10.0.0.5/32 -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`;

export async function inFolder(
  files: Readonly<Record<string, string>>,
  use: (folder: Folder) => Promise<void>,
): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'nettrace-cases-'));
  const folder: Folder = {
    path,
    write(name, text) {
      mkdirSync(dirname(join(path, name)), { recursive: true });
      writeFileSync(join(path, name), text);
    },
    async test(words = [], around) {
      const { status, stdout, stderr } = await run(['test', path, ...words], around);
      const named = (text: string) => text.replaceAll(`${path}/`, 'DIR/');
      return { status, stdout: named(stdout), stderr: named(stderr) };
    },
  };
  try {
    for (const [name, text] of Object.entries(files)) folder.write(name, text);
    await use(folder);
  } finally {
    rmSync(path, { recursive: true });
  }
}

/** The router with a table of packets. */
export function router(rows: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const table = `packets:\n${rows.map((row) => `  - ${row}\n`).join('')}`;
  return { 'router.rules': RULES, 'router.expect.yaml': `${STATE}${table}`, ...more };
}
