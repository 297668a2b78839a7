import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applyCommand } from '../../src/snapshot/apply.ts';
import { ipAddr, snapshotOf } from './dumps.ts';

const { snapshot } = snapshotOf({ 'host/ip-addr.txt': ipAddr('lo 127.0.0.1/8', 'eth0 10.0.0.1/24') });

const WORDS = [
  'ip',
  'route',
  'addr',
  'link',
  'rule',
  'neigh',
  'add',
  'del',
  'set',
  'via',
  'dev',
  'eth0',
  '10.0.0.9',
  '10.0.0.0/8',
  'default',
  'table',
  'up',
  'sysctl',
  '-w',
  'net.ipv4.ip_forward=1',
  '=',
  'iptables',
  'ip6tables',
  '-t',
  'nat',
  '-A',
  '-I',
  '-D',
  '-F',
  '-P',
  'FORWARD',
  '-j',
  'ACCEPT',
  '-p',
  'tcp',
  '--dport',
  '80',
  'sudo',
  'netns',
  'exec',
  'host',
  'nsenter',
  '--net=x',
  'docker',
  'sh',
  '-c',
  "'",
  '"',
  '\\',
  '|',
  '>',
  '&&',
  ';',
  '!',
  '',
];

it('any command has an effect or an issue, never an exception', () => {
  const command = fc.array(fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 6 })), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(command, (words) => {
      const { snapshot: after, issue } = applyCommand(snapshot, 'host', words.join(' '));
      expect(issue === undefined || after === snapshot).toBe(true);
    }),
    { numRuns: 3000 },
  );
});
