import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'));

describe('the bill of materials', () => {
  let components: { purl: string; 'bom-ref': string; properties?: { value: string }[] }[];
  let bom: {
    bomFormat: string;
    metadata: { component: { name: string; 'bom-ref': string } };
    dependencies: { ref: string; dependsOn: string[] }[];
  };
  const listed = (start: string) => components.filter(({ purl }) => purl.startsWith(start)).length;

  beforeAll(() => {
    execFileSync(process.execPath, ['scripts/sbom.mjs'], { cwd: root });
    bom = read('sbom.cdx.json');
    ({ components } = read('sbom.cdx.json'));
  }, 120_000);

  it('is about this package, and lists nothing twice', () => {
    expect(bom.bomFormat).toBe('CycloneDX');
    expect(bom.metadata.component.name).toBe('critique-loop');
    const refs = components.map((component) => component['bom-ref']);
    expect(new Set(refs).size).toBe(refs.length);
  });

  it('says what needs what, of what it lists', () => {
    const refs = new Set(components.map((component) => component['bom-ref']));
    const needed = bom.dependencies.flatMap(({ dependsOn }) => dependsOn);
    expect(needed.filter((ref) => !refs.has(ref))).toEqual([]);
    expect(bom.dependencies[0]?.ref).toBe(bom.metadata.component['bom-ref']);
    expect(bom.dependencies[0]?.dependsOn).toEqual(expect.arrayContaining([expect.stringMatching(/^zod@/)]));
  });

  it('has every npm package that users get, with its version, and none that only developers get', () => {
    const { dependencies } = read('package.json') as { dependencies: Record<string, string> };
    const purls = Object.entries(dependencies).map(
      ([name, version]) => `pkg:npm/${name.replace('@', '%40')}@${version}`,
    );
    expect(purls.filter((purl) => !listed(purl))).toEqual([]);
    expect(['vitest', 'typescript', '%40biomejs/biome'].filter((name) => listed(`pkg:npm/${name}@`))).toEqual([]);
  });

  it('has what set-up installs for Python and builds with Go', () => {
    expect(listed('pkg:pypi/math-verify@')).toBe(1);
    expect(listed('pkg:golang/github.com/temporalio/cli@')).toBe(1);
    expect(listed('pkg:golang/')).toBeGreaterThan(100);
  });

  it('has what an operator builds Temporal of', () => {
    const files = components.flatMap(({ properties }) => properties?.map(({ value }) => value) ?? []);
    expect(files).toContain('deploy/temporal/go.mod');
  });
});
