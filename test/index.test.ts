import { describe, expect, it } from 'vitest';
import * as library from '../src/index.ts';

const bundle = 'captures/forward-off-bridge/bundle';

describe('the library', () => {
  it('does in a few lines what analyze does', async () => {
    const inputs = await library.resolveInputs([bundle]);
    const analysis = library.assemble(await library.analyze(inputs));
    expect(analysis.findings.map((finding) => finding.cause)).toContain('fwd-ip-forward-off');
    expect(library.renderAnalysis(analysis, { width: 80, color: false })).toContain(
      'net.ipv4.ip_forward is 0',
    );
  });

  it('asks the model about a packet of its own', async () => {
    const { snapshot } = library.buildSnapshot(await library.resolveInputs([bundle]));
    const topology = library.buildTopology(snapshot, []);
    const world = library.createWorld(snapshot, topology, { respond: true });
    const to = library.parseIp('198.51.100.9');
    expect(to).toBeDefined();
    const { there } = library.probe(world, { from: 'host', to: to ?? 0, protocol: 17, destinationPort: 53 });
    expect(there.verdict).toBe('forwarded');
  });

  it('parses and prints rules', () => {
    const { ruleset } = library.parseSave(
      '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p 6 --dport 22 -j DROP\nCOMMIT\n',
      'r',
    );
    expect(library.printRuleset(ruleset)).toContain('-A INPUT -p tcp -m tcp --dport 22 -j DROP\n');
  });
});
