/** Names that are addresses. */
import { describe, expect, it } from 'vitest';
import { namedAddress } from '../../src/input/names-as-addresses.ts';
import { formatIp } from '../../src/net/ip.ts';

describe('a name that says its address', () => {
  it.each([
    ['ip-10-0-1-5.eu-west-1.compute.internal', '10.0.1.5'],
    ['ip-172-31-9-250.ec2.internal', '172.31.9.250'],
    ['ec2-203-0-113-5.eu-west-1.compute.amazonaws.com', '203.0.113.5'],
    ['ec2-203-0-113-5.compute-1.amazonaws.com', '203.0.113.5'],
    ['5.113.0.203.bc.googleusercontent.com', '203.0.113.5'],
    ['static.5.113.0.203.clients.your-server.de', '203.0.113.5'],
    ['one.one.one.one', '1.1.1.1'],
    ['DNS.Google', '8.8.8.8'],
    ['ip-10-0-1-500.ec2.internal', undefined],
    ['web.example.org', undefined],
    ['constructor', undefined],
    ['dns.google.example.org', undefined],
  ])('%s', (name, address) => {
    const found = namedAddress(name);
    expect(found && formatIp(found.address)).toBe(address);
    expect(found?.assumed !== undefined).toBe(/google$|one$/i.test(name));
  });
});
