/** When a finding appears, when it is over, and how. */
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/diagnose/finding.ts';
import { Troubles } from '../../src/live/troubles.ts';
import type { Analysis, AnalysisFlow } from '../../src/report/analysis.ts';

const NOW = 1_795_000_000;

function flow(over: Partial<AnalysisFlow> = {}): AnalysisFlow {
  return {
    id: 1,
    protocol: 'tcp',
    client: { address: '10.0.0.2', port: 40_000 },
    server: { address: '10.0.0.9', port: 80 },
    start: NOW - 3,
    end: NOW,
    packets: { forward: 3, reply: 0 },
    status: 'no-reply',
    sightings: [],
    predicted: [],
    findings: [0],
    ...over,
  };
}

function finding(over: Partial<Finding> = {}): Finding {
  return {
    cause: 'host-no-answer',
    severity: 'error',
    confidence: 0.8,
    title: 'nobody answers',
    explanation: '',
    flows: [1],
    evidence: [],
    ...over,
  };
}

function analysis(findings: Finding[], flows: AnalysisFlow[]): Analysis {
  return {
    schema: 'nettrace-analysis/1',
    inputs: [],
    topology: { namespaces: [], captures: [], missing: [] },
    flows,
    findings,
    warnings: [],
  };
}

const FAILING = analysis([finding()], [flow()]);

describe('findings over time', () => {
  it('appear once, however often they are found, also on the next connection', () => {
    const troubles = new Troubles();
    expect(troubles.update(FAILING, NOW, undefined).appeared).toHaveLength(1);
    const next = analysis(
      [finding({ flows: [7] })],
      [flow({ id: 7, client: { address: '10.0.0.2', port: 40_001 } })],
    );
    expect(troubles.update(next, NOW + 1, undefined)).toEqual({ appeared: [], ended: [] });
    expect(troubles.holding).toMatchObject([{ id: 1, began: NOW - 3, last: NOW + 1 }]);
    expect(troubles.count).toBe(1);
  });

  it('wait for an answer that may be on its way, but not for what the model drops', () => {
    const early = flow({ start: NOW - 0.1 });
    expect(new Troubles().update(analysis([finding()], [early]), NOW, undefined).appeared).toHaveLength(0);
    const dropped = flow({ start: NOW - 0.1, status: 'dropped', verdict: 'dropped' });
    expect(new Troubles().update(analysis([finding()], [dropped]), NOW, undefined).appeared).toHaveLength(1);
  });

  it('wait longer where nothing but missing packets speaks for them', () => {
    const unsure = (start: number) => analysis([finding({ confidence: 0.45 })], [flow({ start })]);
    const appeared = (start: number) => new Troubles().update(unsure(start), NOW, undefined).appeared;
    expect(appeared(NOW - 1.5)).toEqual([]);
    expect(appeared(NOW - 3)).toHaveLength(1);
  });

  it('of mere information are none', () => {
    const info = analysis([finding({ severity: 'info' })], [flow()]);
    expect(new Troubles().update(info, NOW, undefined).appeared).toHaveLength(0);
  });

  it.each([
    [
      'answered',
      [flow({ status: 'delivered', findings: [], client: { address: '10.0.0.2', port: 41_000 } })],
      undefined,
    ],
    ['changed', [], NOW + 2],
    ['quiet', [], undefined],
    ['quiet', [], NOW - 60],
  ] as const)('are over: %s', (how, flows, changed) => {
    const troubles = new Troubles();
    troubles.update(FAILING, NOW, undefined);
    const { ended } = troubles.update(analysis([], [...flows]), NOW + 5, changed);
    expect(ended).toMatchObject([{ id: 1, ended: NOW + 5, how }]);
    expect(troubles.holding).toEqual([]);
    expect(troubles.list()).toHaveLength(1);
  });

  it('are not over just after the host changed, unless their traffic gets through', () => {
    const troubles = new Troubles();
    troubles.update(FAILING, NOW, undefined);
    expect(troubles.update(analysis([], []), NOW + 2.2, NOW + 2).ended).toEqual([]);
    expect(troubles.holding).toHaveLength(1);
    const through = flow({ status: 'delivered', findings: [] });
    expect(troubles.update(analysis([], [through]), NOW + 2.4, NOW + 2).ended).toMatchObject([
      { how: 'answered' },
    ]);
  });

  it('that come again are new ones', () => {
    const troubles = new Troubles();
    troubles.update(FAILING, NOW, undefined);
    troubles.update(analysis([], []), NOW + 5, undefined);
    const again = analysis([finding()], [flow({ start: NOW + 6 })]);
    expect(troubles.update(again, NOW + 9, undefined).appeared).toMatchObject([{ id: 2 }]);
    expect(troubles.list().map(({ id }) => id)).toEqual([2, 1]);
  });

  it('by different rules are different ones', () => {
    const rule = (number: number) => ({
      family: 4 as const,
      table: 'filter',
      chain: 'FORWARD',
      number,
      text: `-A FORWARD -p tcp --dport ${number} -j DROP`,
      path: 'iptables-save.txt',
      line: number,
    });
    const two = analysis(
      [finding({ rule: rule(1) }), finding({ rule: rule(2), flows: [2] })],
      [flow(), flow({ id: 2 })],
    );
    expect(new Troubles().update(two, NOW, undefined).appeared).toHaveLength(2);
  });
});
