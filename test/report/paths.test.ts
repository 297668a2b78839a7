import { describe, expect, it } from 'vitest';
import { commonFolder } from '../../src/report/text/paths.ts';

describe('the folder that paths share', () => {
  it.each<[string[], string]>([
    [['a/b/x.pcap', 'a/b/y.txt'], 'a/b/'],
    [['a/b/x.pcap', 'a/c/y.txt'], 'a/'],
    [['a/x.pcap', 'b/y.txt'], ''],
    [['/srv/a/x.pcap', '/srv/b/y.txt'], '/srv/'],
    [['/srv/x.pcap', '/tmp/y.txt'], ''],
    [['/srv/a/x.pcap', 'y.txt'], ''],
    [['y.txt', '/srv/a/x.pcap'], ''],
    [['../a/x.pcap', '../b/y.txt'], '../'],
    [['-'], ''],
    [[], ''],
  ])('%j: %j', (paths, folder) => {
    expect(commonFolder(paths)).toBe(folder);
  });
});
