/** What a router with a bridge does with packets of all kinds. */
import { CASES } from '../../netstack/support/cases.ts';
import type { Fact } from '../facts.ts';
import { ROUTER } from '../networks/router.ts';

const inRouter = (script = ''): string[] =>
  script
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^R /, ''));

export const routerFacts: readonly Fact[] = CASES.map((each) => ({
  name: each.name,
  network: ROUTER,
  rules: { host: { ip4: each.rules4, ip6: each.rules6 } },
  settings: { host: inRouter(each.setup) },
  stimuli: each.packets.map(({ on, skb }) => ({ on: on === 'local' ? 'local:host' : on, skb })),
}));
