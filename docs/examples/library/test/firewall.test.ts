import 'nettrace/vitest';
import { openBundle, type Snapshot } from 'nettrace';
import { beforeAll, describe, expect, it } from 'vitest';
import { failuresOf } from '../src/failures.ts';

let snapshot: Snapshot;
beforeAll(async () => {
  ({ snapshot } = await openBundle('incident'));
});

describe('the office', () => {
  const names = { desk: '192.168.30.20' };

  it('gets to the web, behind the gateway’s address', async () => {
    await expect(snapshot).toDeliver('tcp desk > 8.8.8.8:443', { names, via: 'wan0', answered: true });
    await expect(snapshot).toTranslate('tcp desk > 8.8.8.8:443', { names, as: '203.0.113.2' });
  });

  it('is told at once that mail doesn’t go out', async () => {
    await expect(snapshot).toReject('tcp desk > 8.8.8.8:25', { names, by: 'filter FORWARD 3', with: 'tcp-reset' });
  });

  it('would get out with DNS over TLS, if that were let through', async () => {
    await expect(snapshot).not.toDeliver('tcp desk > 8.8.8.8:853', { names });
    const changed = snapshot.apply('iptables -A FORWARD -i lan0 -p tcp --dport 853 -j ACCEPT');
    await expect(changed).toDeliver('tcp desk > 8.8.8.8:853', { names });
  });
});

describe('the outside', () => {
  it('gets nowhere', async () => {
    await expect(snapshot).toDrop('from wan0 to host:22/tcp', { by: 'filter INPUT policy' });
    await expect(snapshot).toDrop('from wan0 to 192.168.30.20:22/tcp', { by: 'filter FORWARD policy' });
  });
});

it('the incident is explained', async () => {
  await expect('incident').toHaveFinding('flt-forward-policy-drop');
  expect((await failuresOf('incident')).map(({ rule }) => rule)).toEqual(['incident/rules.v4:3']);
});
