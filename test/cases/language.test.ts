/** The language of cases: what is read prints back, and what can't be read is said where it stands. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printFlowOutcome, readFlowOutcome } from '../../src/cases/language/flow-outcome.ts';
import { printOutcome, readOutcome, VERDICTS } from '../../src/cases/language/outcome.ts';
import { readQuestion } from '../../src/cases/language/question.ts';
import { LineError } from '../../src/cases/language/words.ts';
import { STATUSES } from '../../src/correlate/status.ts';

function faultOf(read: () => unknown): { fault: string; hint?: string; at: number } | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof LineError) return error.fault;
    throw error;
  }
}

describe('what is expected of a packet', () => {
  it.each([
    'delivered',
    'delivered via eth0 as 172.31.13.55',
    'dropped by filter FORWARD policy',
    'dropped by filter FORWARD 3 in host',
    'rejected by filter INPUT 2 with icmp-port-unreachable',
    'rejected by filter lan-out "mail goes by the relay only"',
    'dropped by inet fw forward 2',
    'dropped by bridge filter FORWARD policy',
    'dropped by filter FORWARD',
    'dropped by net.ipv4.ip_forward',
    'dropped by neigh-failed in red',
    'no route in red',
    'refused in web',
    'forwarded via red:eth0 via wan0 to [2001:db8::1]:443 mark 0x10/0xff state new, answered',
    'delivered in web to 10.0.0.2:80, no answer',
    'forwarded, answer dropped by filter FORWARD policy in host',
    'dropped or rejected',
  ])('%s', (text) => {
    expect(printOutcome(readOutcome(text))).toBe(text);
  });

  it.each([
    ['delivered via eth0; answer comes back', 'delivered via eth0, answered'],
    ['delivered unanswered', 'delivered, no answer'],
    ['dropped by filter FORWARD rule 3', 'dropped by filter FORWARD 3'],
    ['DROPPED', 'dropped'],
    ['delivered mark 16', 'delivered mark 0x10'],
    ['forwarded as fd00::1', 'forwarded as fd00::1'],
    ['delivered to 10.0.0.1:https', 'delivered to 10.0.0.1:443'],
  ])('%s is %s', (text, printed) => {
    expect(printOutcome(readOutcome(text))).toBe(printed);
  });

  it.each([
    ['droped', 0, 'Did you mean dropped?'],
    ['', 0, 'One of delivered'],
    ['accepted by filter FORWARD 2', 0, 'delivered by filter FORWARD 2'],
    ['delivered vai eth0', 10, 'Did you mean via?'],
    ['dropped by fitler FORWARD 3', 11, 'Did you mean filter?'],
    ['dropped by neigh-faild', 11, 'Did you mean neigh-failed?'],
    ['dropped by filter', 17, 'Such as'],
    ['dropped by filter FORWARD rule', 30, ''],
    ['delivered as eth0', 13, 'Such as 10.0.0.2'],
    ['delivered to 10.0.0.1:99999', 13, '65535'],
    ['delivered mark red', 15, '0x10'],
    ['delivered in red in blue', 17, 'once'],
    ['delivered state newish', 16, 'new, established'],
    ['delivered, answer', 17, 'One of'],
  ])('%j is wrong at %i', (text, at, hint) => {
    const fault = faultOf(() => readOutcome(text));
    expect(fault?.at).toBe(at);
    expect(fault?.hint ?? '').toContain(hint);
  });

  it('holds whatever the parts are', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
    const port = fc.integer({ min: 0, max: 65535 });
    const clause = fc.record(
      {
        in: word,
        via: fc.array(word, { minLength: 1, maxLength: 2 }),
        as: fc.record({ address: fc.integer({ min: 0, max: 0xffffffff }) }),
        to: fc.record({ address: fc.bigInt({ min: 1n << 64n, max: (1n << 128n) - 1n }), port }),
        by: fc.record({
          kind: fc.constant('rule' as const),
          table: fc.constantFrom('raw', 'mangle', 'nat', 'filter', 'security'),
          chain: word,
          number: fc.oneof(fc.constant('policy' as const), fc.integer({ min: 1, max: 9999 })),
        }),
        mark: fc.record({ value: fc.integer({ min: 0, max: 255 }), mask: fc.constantFrom(0xff, 0xffffffff) }),
      },
      { requiredKeys: [] },
    );
    const ending = fc.record({
      verdicts: fc.uniqueArray(fc.constantFrom(...VERDICTS), { minLength: 1, maxLength: 3 }),
      clauses: clause,
    });
    const outcome = fc
      .tuple(
        ending,
        fc.option(fc.oneof(fc.constant('comes' as const), fc.constant('none' as const), ending), {
          nil: undefined,
        }),
      )
      .map(([there, answer]) => ({ ...there, ...(answer !== undefined && { answer }) }));
    fc.assert(
      fc.property(outcome, (each) => {
        expect(readOutcome(printOutcome(each))).toEqual(each);
      }),
    );
  });

  it('no text is more than wrong', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'by via to "policy,;: 1/[]a.') })),
        (text) => {
          for (const read of [readOutcome, readFlowOutcome, (line: string) => readQuestion(line, new Map())])
            faultOf(() => read(text));
        },
      ),
    );
  });
});

describe('what is expected of a flow', () => {
  it.each([
    'healthy',
    'delivered',
    'dropped or no-reply by fwd-ip-forward-off in host, last seen at host:br0',
    'dropped by flt-forward-policy-drop or flt-reject',
    'delivered as 192.0.2.1 to 10.0.0.2:80, seen at host:eth0, not seen at host:br0, fix "ip_forward=1"',
  ])('%s', (text) => {
    expect(printFlowOutcome(readFlowOutcome(text))).toBe(text);
  });

  it.each([
    ['helthy', 0, 'Did you mean healthy?'],
    ['dropped, last sen at host:br0', 9, ''],
    ['dropped, seen at br0', 17, 'host:eth0'],
    ['dropped via eth0', 8, 'by, in, as'],
    ['dropped by flt-reject or flt-rejct', 25, 'Did you mean flt-reject?'],
  ])('%j is wrong at %i', (text, at, hint) => {
    const fault = faultOf(() => readFlowOutcome(text));
    expect(fault?.at).toBe(at);
    expect(fault?.hint ?? '').toContain(hint);
  });

  it('has every status', () => {
    for (const status of STATUSES) expect(printFlowOutcome(readFlowOutcome(status))).toBe(status);
  });
});

describe('which packet is meant', () => {
  const names = new Map([
    ['wan', '198.51.100.7 iif host:eth0'],
    ['web', '10.0.0.80'],
    ['six', '2001:db8::80'],
    ['https', '10.0.0.80:443/tcp'],
    ['odd', '10.0.0.1 via eth0'],
  ]);
  const read = (line: string) => readQuestion(line, names);

  it.each([
    ['from red to 8.8.8.8:443/tcp', { host: '8.8.8.8', port: 443, protocol: 6 }],
    ['from red to web:80/tcp', { host: '10.0.0.80', port: 80, protocol: 6 }],
    ['from red to six:80', { host: '2001:db8::80', port: 80 }],
    ['from red to https', { host: '10.0.0.80', port: 443, protocol: 6 }],
    ['from red to [fd00::1]:53/udp', { host: 'fd00::1', port: 53, protocol: 17 }],
    ['from red to fd00::1', { host: 'fd00::1' }],
    ['from red to fd00::1/icmp', { host: 'fd00::1', protocol: 'icmp' }],
    ['from red to host:ssh/tcp', { host: 'host', port: 22, protocol: 6 }],
    ['from node-1/red to node-2/blue:53/udp', { host: 'node-2/blue', port: 53, protocol: 17 }],
    ['from red to 10.0.0.1/47', { host: '10.0.0.1', protocol: 47 }],
  ])('%s', (line, destination) => {
    expect(read(line).destination).toEqual(destination);
  });

  it('has options anywhere, and names bring theirs along', () => {
    expect(read('from wan to web:22/tcp mark 0x10 state established')).toMatchObject({
      from: { text: '198.51.100.7' },
      iif: { text: 'host:eth0' },
      mark: 16,
      state: 'established',
    });
    expect(read('tcp red > 10.0.0.5:80')).toMatchObject({
      protocol: 6,
      from: { text: 'red' },
      to: { text: '10.0.0.5:80' },
    });
    expect(read('from red src 10.0.0.9:5000 to web/icmp type 13 ttl 1')).toMatchObject({
      source: { address: 0x0a000009, port: 5000 },
      icmpType: { text: '13' },
      ttl: 1,
    });
  });

  it.each([
    ['from odd to 8.8.8.8', 5, ''],
    ['form red to 8.8.8.8', 0, 'Did you mean from?'],
    ['from red', 8, 'Such as'],
    ['from red 8.8.8.8', 9, 'Expected: to'],
    ['from red to 8.8.8.8:443/tpc', 12, 'By name'],
    ['from red to 8.8.8.8 sate new', 20, 'Did you mean state?'],
    ['from red to 8.8.8.8 state related', 26, 'can be expected'],
    ['from red to 8.8.8.8 ttl 256', 24, ''],
    ['from red to 8.8.8.8 mark 1 mark 2', 27, 'once'],
  ])('%j is wrong at %i', (line, at, hint) => {
    const fault = faultOf(() => read(line));
    expect(fault?.at).toBe(at);
    expect(fault?.hint ?? '').toContain(hint);
  });
});
