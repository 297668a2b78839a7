import { describe, expect, it } from 'vitest';
import { entered } from '../../src/diagnose/words.ts';

describe('a command to copy', () => {
  it.each([
    [{ namespace: 'host', text: 'sysctl -w net.ipv4.ip_forward=1' }, 'sysctl -w net.ipv4.ip_forward=1'],
    [{ namespace: 'red', text: 'ip link set eth0 up' }, 'ip netns exec red ip link set eth0 up'],
    [{ namespace: 'host', text: 'iptables -A X ! -o br0 -j ACCEPT' }, 'iptables -A X ! -o br0 -j ACCEPT'],
    [
      { namespace: 'x;reboot', text: 'ip link set eth0;reboot up' },
      "ip netns exec 'x;reboot' ip link set 'eth0;reboot' up",
    ],
    [
      { namespace: 'host', text: 'iptables -R X 1 -m comment --comment "a $(reboot) b" -j ACCEPT' },
      "iptables -R X 1 -m comment --comment 'a $(reboot) b' -j ACCEPT",
    ],
  ])('%j', (command, text) => {
    expect(entered(undefined, command)).toBe(text);
  });
});
