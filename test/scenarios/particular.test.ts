import { expect, it } from 'vitest';
import { analyzeFiles } from '../support/expectation.ts';

/** Where a recording's truth allows the more general cause as well, the whole of its dumps has to show the particular one. */
it('a bridge without an IPv4 address is named where its dumps are there', async () => {
  const { findings } = await analyzeFiles('captures/bridge-lost-its-ipv4-address/bundle');
  expect(findings[0]).toMatchObject({ cause: 'bridge-no-ip', namespace: 'host', interface: 'br-lan' });
  expect(findings.map(({ cause }) => cause)).not.toContain('route-wrong-gateway');
});
