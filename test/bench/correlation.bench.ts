/** A thousand packets at one capture point and at two, through MASQUERADE: joined to flows, and told. */
import { bench, describe } from 'vitest';
import { analyze } from '../../src/diagnose/analyze.ts';
import { captured, inputsOf } from './captured.ts';

const PACKETS = 1000;
const { br0, eth0 } = captured(PACKETS);
const TIME = { time: 1000 };

describe(`${PACKETS} packets in ${PACKETS / 20} flows`, () => {
  bench('one point', async () => void (await analyze(inputsOf({ eth0 }))), TIME);

  bench('two points', async () => void (await analyze(inputsOf({ br0, eth0 }))), TIME);
});
