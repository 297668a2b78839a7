import { describe, expect, it } from 'vitest';
import { ConversationTable } from '../../src/correlate/conversation.ts';
import type { Flow } from '../../src/correlate/flow.ts';
import { mergeFlows } from '../../src/correlate/merge.ts';
import { outcomeOf } from '../../src/correlate/outcome.ts';
import { flowTuple } from '../../src/correlate/tuple-text.ts';
import { formatEndpoint } from '../../src/net/ip.ts';
import { dissect } from '../../src/packet/dissect.ts';
import { capture, type Sent } from '../support/frames.ts';

const SYN = 0x02;
const SYN_ACK = 0x12;
const ACK = 0x10;
const RST_ACK = 0x14;

/** One list a capture point, in the order the points were given. */
function flowsOf(...points: Sent[][]): Flow[] {
  const table = new ConversationTable();
  for (const [point, sent] of points.entries()) {
    for (const frame of capture(...sent)) table.add(point, dissect(frame), frame.bytes);
  }
  return mergeFlows(table);
}

const names = (flows: readonly Flow[]) =>
  flows.map(
    ({ client, server }) =>
      `${formatEndpoint(client.address, client.port)} > ${formatEndpoint(server.address, server.port)}`,
  );

const tuples = (flow: Flow) => flow.legs.map((leg) => `${leg.point}: ${flowTuple(flow, leg, 'forward')}`);

const syn: Sent = {
  from: '10.0.0.2',
  to: '192.0.2.80',
  sourcePort: 40000,
  destinationPort: 443,
  tcpFlags: SYN,
  tcpSequence: 7001,
  ttl: 64,
};

describe('one packet at several points', () => {
  it('is one flow through MASQUERADE with another port, told by its sequence number', () => {
    const flows = flowsOf([syn], [{ ...syn, from: '203.0.113.5', sourcePort: 61001, ttl: 63, at: 0.001 }]);
    expect(names(flows)).toEqual(['10.0.0.2:40000 > 192.0.2.80:443']);
    expect(tuples(flows[0] as Flow)).toEqual([
      '0: 10.0.0.2:40000 > 192.0.2.80:443',
      '1: 203.0.113.5:61001 > 192.0.2.80:443',
    ]);
  });

  it('orders the legs by TTL where the clocks of two files disagree', () => {
    const flows = flowsOf([{ ...syn, from: '203.0.113.5', ttl: 63, at: 0 }], [{ ...syn, at: 0.5 }]);
    expect(tuples(flows[0] as Flow)).toEqual([
      '1: 10.0.0.2:40000 > 192.0.2.80:443',
      '0: 203.0.113.5:40000 > 192.0.2.80:443',
    ]);
  });

  it('is one flow when both ends are rewritten (hairpin)', () => {
    const flows = flowsOf([
      { ...syn, from: '172.17.0.3', to: '203.0.113.2', destinationPort: 8080 },
      { ...syn, from: '172.17.0.1', to: '172.17.0.2', destinationPort: 80, ttl: 63, at: 0.0001 },
    ]);
    expect(names(flows)).toEqual(['172.17.0.3:40000 > 203.0.113.2:8080']);
  });

  it('joins pings whose id NAT changed, by sequence number, IP id and payload', () => {
    const echo: Sent = {
      from: '10.0.0.2',
      to: '8.8.8.8',
      protocol: 1,
      icmpType: 8,
      icmpId: 5,
      icmpSequence: 1,
      id: 77,
      payload: 56,
    };
    const flows = flowsOf([echo], [{ ...echo, from: '203.0.113.5', icmpId: 61000, ttl: 63, at: 0.0002 }]);
    expect(flows).toHaveLength(1);
  });

  it('does not join equal datagrams of different clients', () => {
    const beat: Sent = {
      from: '10.0.0.2',
      to: '10.0.0.9',
      protocol: 17,
      sourcePort: 5000,
      destinationPort: 514,
      payload: 8,
    };
    const flows = flowsOf([
      { ...beat, id: 1 },
      { ...beat, from: '10.0.0.3', id: 2, at: 0.1 },
    ]);
    expect(flows).toHaveLength(2);
  });

  it('does not join equal datagrams between other pairs of hosts, whatever their id', () => {
    const beat: Sent = {
      from: '10.0.0.2',
      to: '10.0.0.9',
      protocol: 17,
      sourcePort: 5000,
      destinationPort: 514,
      payload: 8,
      id: 9,
    };
    expect(flowsOf([beat, { ...beat, from: '10.1.0.2', to: '10.1.0.9', at: 0.1 }])).toHaveLength(2);
  });
});

describe('who began', () => {
  const reply: Sent = {
    from: '192.0.2.80',
    to: '10.0.0.2',
    sourcePort: 443,
    destinationPort: 40000,
    tcpFlags: SYN_ACK,
    tcpSequence: 1,
    tcpAcknowledgement: 7002,
  };
  it.each<[string, Sent[], string, boolean]>([
    ['the sender of a SYN', [syn, reply], '10.0.0.2:40000 > 192.0.2.80:443', true],
    ['the receiver of a SYN-ACK', [reply], '10.0.0.2:40000 > 192.0.2.80:443', true],
    [
      'in mid-flow, the side without a system port',
      [{ ...reply, tcpFlags: ACK }],
      '10.0.0.2:40000 > 192.0.2.80:443',
      false,
    ],
    [
      'in mid-flow between high ports, who was seen first',
      [{ ...reply, tcpFlags: ACK, sourcePort: 9000 }],
      '192.0.2.80:9000 > 10.0.0.2:40000',
      false,
    ],
    [
      'the sender of an echo request, though only the reply is there',
      [{ from: '8.8.8.8', to: '10.0.0.2', protocol: 1, icmpType: 0, icmpId: 3 }],
      '10.0.0.2:3 > 8.8.8.8:3',
      true,
    ],
  ])('%s', (_, sent, name, begun) => {
    const [flow] = flowsOf(sent);
    expect(names([flow as Flow])).toEqual([name]);
    expect(flow?.begun).toBe(begun);
  });
});

describe('the outcome by the captures', () => {
  const back: Sent = {
    from: '192.0.2.80',
    to: '10.0.0.2',
    sourcePort: 443,
    destinationPort: 40000,
    tcpSequence: 1,
    tcpAcknowledgement: 7002,
    at: 0.01,
  };
  const udp: Sent = {
    from: '10.0.0.2',
    to: '10.0.0.9',
    protocol: 17,
    sourcePort: 5000,
    destinationPort: 514,
    payload: 8,
  };
  it.each<[string, Sent[][], string]>([
    ['SYN answered by SYN-ACK', [[syn, { ...back, tcpFlags: SYN_ACK }]], 'delivered'],
    ['SYN answered by RST', [[syn, { ...back, tcpFlags: RST_ACK }]], 'rejected'],
    ['SYN three times, nothing else', [[syn, { ...syn, at: 1 }, { ...syn, at: 3 }]], 'no-reply'],
    [
      'SYN-ACK at the far point only',
      [
        [syn],
        [
          { ...syn, ttl: 63, at: 0.001 },
          { ...back, tcpFlags: SYN_ACK },
        ],
      ],
      'no-reply',
    ],
    [
      'RST after a handshake',
      [[syn, { ...back, tcpFlags: SYN_ACK }, { ...back, tcpFlags: RST_ACK, at: 2 }]],
      'delivered',
    ],
    [
      'acknowledgements of one direction that move on',
      [
        [
          { ...syn, tcpFlags: ACK, tcpAcknowledgement: 10 },
          { ...syn, tcpFlags: ACK, tcpAcknowledgement: 900, at: 1 },
        ],
      ],
      'delivered',
    ],
    ['one packet in mid-flow', [[{ ...syn, tcpFlags: ACK }]], 'unknown'],
    [
      'RST to what was sent in mid-flow: no request was refused',
      [
        [
          { ...syn, tcpFlags: 0x18 },
          { ...back, tcpFlags: RST_ACK, at: 1 },
        ],
      ],
      'unknown',
    ],
    ['a datagram nobody has to answer', [[udp]], 'no-reply'],
  ])('%s: %3$s', (_, points, status) => {
    const [flow] = flowsOf(...points);
    expect(outcomeOf(flow as Flow).status).toBe(status);
  });

  it('knows datagrams that nobody has to answer from questions', () => {
    expect(outcomeOf(flowsOf([udp])[0] as Flow).oneWay).toBe(true);
    expect(outcomeOf(flowsOf([{ ...udp, destinationPort: 53 }])[0] as Flow).oneWay).toBe(false);
  });

  it('takes multicast and broadcast for noise', () => {
    expect(flowsOf([{ ...udp, to: '224.0.0.251', toMac: '01:00:5e:00:00:fb' }])).toHaveLength(0);
  });
});

describe('a flow that worked and then stopped', () => {
  const opened: Sent[] = [
    syn,
    {
      from: '192.0.2.80',
      to: '10.0.0.2',
      sourcePort: 443,
      destinationPort: 40000,
      tcpFlags: SYN_ACK,
      tcpSequence: 1,
      tcpAcknowledgement: 7002,
      at: 0.01,
    },
    { ...syn, tcpFlags: ACK, tcpSequence: 7002, tcpAcknowledgement: 2, at: 0.02 },
  ];
  const data = (at: number): Sent => ({
    ...syn,
    tcpFlags: 0x18,
    tcpSequence: 7002,
    tcpAcknowledgement: 2,
    payload: 100,
    at,
  });

  it('has stalled when one segment is sent again and again and nothing comes back', () => {
    const [flow] = flowsOf([...opened, data(0.1), data(0.3), data(0.7)]);
    expect(outcomeOf(flow as Flow).stalled).toMatchObject({
      direction: 'forward',
      repeats: 3,
      segment: { number: 4 },
    });
  });

  it('has stalled too when the other side gives up and still waits for it', () => {
    const fin: Sent = {
      from: '192.0.2.80',
      to: '10.0.0.2',
      sourcePort: 443,
      destinationPort: 40000,
      tcpFlags: 0x11,
      tcpSequence: 2,
      tcpAcknowledgement: 7002,
      at: 4,
    };
    const [flow] = flowsOf([...opened, data(0.1), data(0.3), data(0.7), fin]);
    expect(outcomeOf(flow as Flow).stalled).toMatchObject({ direction: 'forward', repeats: 3 });
  });

  it('has not when the other side still speaks', () => {
    const answer: Sent = {
      from: '192.0.2.80',
      to: '10.0.0.2',
      sourcePort: 443,
      destinationPort: 40000,
      tcpFlags: ACK,
      tcpSequence: 2,
      tcpAcknowledgement: 7102,
      at: 0.8,
    };
    const [flow] = flowsOf([...opened, data(0.1), data(0.3), data(0.7), answer]);
    expect(outcomeOf(flow as Flow).stalled).toBeUndefined();
  });

  it('was reset when the server takes the data and answers with RST alone', () => {
    const rst: Sent = {
      from: '192.0.2.80',
      to: '10.0.0.2',
      sourcePort: 443,
      destinationPort: 40000,
      tcpFlags: RST_ACK,
      tcpSequence: 2,
      at: 0.2,
    };
    const [flow] = flowsOf([...opened, data(0.1), rst]);
    expect(outcomeOf(flow as Flow).reset).toMatchObject({ number: 5 });
  });

  it('has an unanswered tail when the last requests of several get no answer', () => {
    const ask = (at: number, id: number): Sent => ({
      from: '10.0.0.2',
      to: '10.0.0.9',
      protocol: 1,
      icmpType: 8,
      icmpId: 4,
      icmpSequence: id,
      id,
      at,
    });
    const answer: Sent = {
      from: '10.0.0.9',
      to: '10.0.0.2',
      protocol: 1,
      icmpType: 0,
      icmpId: 4,
      icmpSequence: 1,
      id: 99,
      at: 0.01,
    };
    const [flow] = flowsOf([ask(0, 1), answer, ask(1, 2), ask(2, 3), ask(3, 4)]);
    expect(outcomeOf(flow as Flow).unansweredTail).toMatchObject({ number: 3 });
  });

  it('counts a packet that comes by again with a smaller TTL as going in circles, not as another packet', () => {
    const [flow] = flowsOf([
      syn,
      { ...syn, ttl: 62, at: 0.001 },
      { ...syn, ttl: 60, at: 0.002 },
      { ...syn, ttl: 58, at: 0.003 },
    ]);
    expect(flow?.legs[0]?.forward).toMatchObject({ packets: 1, laps: 3 });
  });
});
