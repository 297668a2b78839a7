import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { viewOf } from '../../src/base/bytes.ts';
import { frameOf } from '../../src/capture/frame.ts';
import { dissect } from '../../src/packet/dissect.ts';
import { type DnsMessage, formatDns, parseDns } from '../../src/packet/dns.ts';
import { hex, ip, join, packet } from './frames.ts';

function parse(bytes: Uint8Array): DnsMessage | undefined {
  return parseDns(viewOf(bytes), 0, bytes.length);
}

const text = (value: string): string => Buffer.from(value).toString('hex');
/** example.org at offset 12. */
const NAME = `07${text('example')}03${text('org')}00`;
const QUERY = hex(`1234 0100 0001 0000 0000 0000 ${NAME} 0001 0001`);
const CNAME = `c00c 0005 0001 0000003c 0006 03${text('www')}c00c`;
const A = 'c029 0001 0001 0000001e 0004 c0000201';
const ANSWER = hex(`1234 8180 0001 0002 0000 0000 ${NAME} 0001 0001 ${CNAME} ${A}`);
const NXDOMAIN = hex(`0007 8183 0001 0000 0001 0000 ${NAME} 001c 0001`);

describe('parseDns', () => {
  it('a query', () => {
    expect(parse(QUERY)).toMatchObject({
      id: 0x1234,
      response: false,
      recursionDesired: true,
      questions: [{ name: 'example.org', type: 1 }],
      answers: [],
      incomplete: false,
    });
  });

  it('an answer with compressed names', () => {
    expect(parse(ANSWER)).toMatchObject({
      response: true,
      rcode: 0,
      recursionAvailable: true,
      answers: [
        { name: 'example.org', type: 5, ttl: 60, target: 'www.example.org' },
        { name: 'www.example.org', type: 1, ttl: 30, address: ip('192.0.2.1') },
      ],
    });
  });

  it('AAAA', () => {
    const bytes = hex(
      `1234 8180 0001 0001 0000 0000 ${NAME} 001c 0001 c00c 001c 0001 00000001 0010 20010db8${'00'.repeat(11)}07`,
    );
    expect(parse(bytes)?.answers[0]?.address).toBe(ip('2001:db8::7'));
  });

  it.each([
    [QUERY, 'A? example.org'],
    [ANSWER, 'A? example.org: CNAME www.example.org, 192.0.2.1'],
    [NXDOMAIN, 'NXDOMAIN AAAA? example.org'],
    [hex(`0007 8180 0001 0000 0001 0000 ${NAME} 0001 0001`), 'A? example.org: no answer'],
    [hex('0007 0100 0001 0000 0000 0000 00 0002 0001'), 'NS? .'],
    [hex(`0007 0100 0001 0000 0000 0000 03 1b5b2e 00 ff00 0001`), 'TYPE65280? \\027[\\.'],
  ])('%# in words', (bytes, words) => {
    const message = parse(bytes);
    expect(message && formatDns(message)).toBe(words);
  });

  it('names the first few answers of many', () => {
    const many = `${NAME} 0001 0001 ${'c00c 0001 0001 0000001e 0004 c0000201 '.repeat(10)}`;
    const message = parse(hex(`1234 8180 0001 000a 0000 0000 ${many}`));
    const eight = new Array<string>(8).fill('192.0.2.1').join(', ');
    expect(message && formatDns(message)).toBe(`A? example.org: ${eight}, and 2 more`);
  });

  it.each([
    ['a pointer to itself', 'c00c'],
    ['a pointer forward', 'c00e 0161 00'],
    ['two labels that point at each other', '0161 c010 0162 c00c'],
    ['a label beyond the end', '3f61'],
    ['a reserved label kind', '4061'],
  ])('a question with %s is no message', (_, name) => {
    expect(parse(hex(`0001 0100 0001 0000 0000 0000 ${name.replaceAll(' ', '')} 0001 0001`))).toBeUndefined();
  });

  it('keeps what was there when it is cut', () => {
    for (let cut = 0; cut < ANSWER.length; cut++) {
      const message = parse(ANSWER.subarray(0, cut));
      if (cut < QUERY.length) expect(message).toBeUndefined();
      else expect(message).toMatchObject({ incomplete: true, questions: [{ name: 'example.org' }] });
    }
  });

  it('takes any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const message = parse(join(ANSWER.subarray(0, 12), bytes));
        if (message) expect(formatDns(message)).toMatch(/^[ -~]*$/);
      }),
      { numRuns: 1000 },
    );
  });

  it('is not held up by chains of pointers', () => {
    const bytes = new Uint8Array(60_000);
    bytes.set(hex('0001 8180 0000 ffff 0000 0000'));
    // A thousand records, each a pointer to the pointer before.
    for (let at = 12; at + 12 < bytes.length; at += 12) {
      viewOf(bytes).setUint16(at, 0xc000 | Math.max(12, at - 12));
    }
    expect(parse(bytes)?.answers.length).toBeLessThan(100);
  });
});

describe('in packets', () => {
  const udp = (sourcePort: number, destinationPort: number, payload: Uint8Array): Uint8Array =>
    packet({ protocol: 17, sourcePort, destinationPort, payload });

  it.each([
    ['a query to port 53', udp(40000, 53, QUERY), 'example.org'],
    ['an answer from port 53', udp(53, 40000, ANSWER), 'example.org'],
    ['multicast DNS', udp(5353, 5353, QUERY), 'example.org'],
    ['another port', udp(40000, 54, QUERY), undefined],
    [
      'over TCP',
      packet({ protocol: 6, sourcePort: 4000, destinationPort: 53, payload: join(hex('001d'), QUERY) }),
      'example.org',
    ],
    [
      'a TCP segment in the middle',
      packet({ protocol: 6, destinationPort: 53, payload: QUERY.subarray(8) }),
      undefined,
    ],
    ['what is no DNS', udp(40000, 53, hex('0102')), undefined],
  ])('%s', (_, bytes, name) => {
    expect(dissect(frameOf(bytes, { linkType: 101 })).dns?.questions[0]?.name).toBe(name);
  });
});
