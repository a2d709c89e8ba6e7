// Writes sbom.cdx.json: what users get, as CycloneDX. The npm packages of the lock file as npm lists them; beside them what
// set-up or an operator installs or builds where it is needed: the Python packages of deploy/*/requirements.txt and the Go
// modules of the Temporal CLI and its servers.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const read = (path) => readFileSync(join(root, path), 'utf8');

// `--omit dev` would leave out whatever both users and developers get (npm 11.19: 58 packages here).
const listed = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
});
const bom = JSON.parse(listed);
const used = new Set(
  Object.entries(JSON.parse(read('package-lock.json')).packages)
    .filter(([, { dev }]) => !dev)
    .map(([path, { name = path.split('node_modules/').at(-1), version }]) => `${name}@${version}`),
);
const isUsed = (ref) => used.has(ref);
bom.components = bom.components.filter((component) => isUsed(component['bom-ref']));
bom.dependencies = bom.dependencies
  .filter(({ ref }) => isUsed(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(isUsed) }));
// npm takes the name of the folder.
bom.metadata.component.name = JSON.parse(read('package.json')).name;

const added = [...pythonPackages(), ...goModules()];
for (const component of new Map(added.map((one) => [one['bom-ref'], one])).values()) bom.components.push(component);
writeFileSync(join(root, 'sbom.cdx.json'), `${JSON.stringify(bom, null, 2)}\n`);
console.log(`sbom.cdx.json: ${bom.components.length} components`);

function pythonPackages() {
  return filesNamed('requirements.txt').flatMap((file) =>
    [...read(file).matchAll(/^([\w.-]+)(?:\[[^\]]*\])?==([^\s;]+)/gm)].map(([, name, version]) =>
      component(`pkg:pypi/${name.toLowerCase().replaceAll(/[-_.]+/g, '-')}@${version}`, name, version, file),
    ),
  );
}

function goModules() {
  return filesNamed('go.mod').flatMap((file) =>
    [...read(file).matchAll(/^(?:require )?\s*([\w.-]+\.[\w./~-]+) (v[\w.+-]+)/gm)].map(([, name, version]) =>
      component(`pkg:golang/${name}@${version}`, name, version, file),
    ),
  );
}

function filesNamed(name) {
  return readdirSync(join(root, 'deploy'), { recursive: true })
    .filter((path) => path.endsWith(name))
    .map((path) => `deploy/${path}`);
}

function component(purl, name, version, file) {
  const properties = [{ name: 'critique-loop:declared-in', value: file }];
  return { 'bom-ref': purl, type: 'library', name, version, scope: 'optional', purl, properties };
}
