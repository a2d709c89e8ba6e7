// Fails where the registry knows an advisory, high or critical, about what users of this folder's package get, unless
// .ci/audit-allowed.json has it with a reason and a day until which it may stay. A registry that gives no advisories is
// no failure: then it says so.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const SEVERE = ['high', 'critical'];

const allowed = readAllowed('.ci/audit-allowed.json');
const report = audit();
if (typeof report === 'string') {
  console.log(`audit: not done, the registry gives no advisories: ${report}`);
  process.exit(0);
}

const today = new Date().toISOString().slice(0, 10);
const found = new Map();
for (const { via } of Object.values(report.vulnerabilities))
  for (const advisory of via.filter(({ severity }) => SEVERE.includes(severity)))
    found.set(advisory.url.split('/').at(-1), advisory);

let failures = 0;
for (const [id, { name, range, severity, title, url }] of found) {
  const entry = allowed.find(({ advisory }) => advisory === id);
  if (entry && entry.until >= today) {
    console.log(`audit: ${id} (${name}) is allowed until ${entry.until}: ${entry.reason}`);
    continue;
  }
  failures++;
  const was = entry ? ` It was allowed until ${entry.until}: ${entry.reason}` : '';
  console.error(`audit: ${severity}: ${name} ${range}: ${title} (${url}).${was}`);
}
for (const { advisory } of allowed.filter(({ advisory }) => !found.has(advisory)))
  console.log(`audit: ${advisory} is allowed and not there any more: take it out of the list`);
console.log(`audit: ${found.size} severe advisories, ${failures} of them not allowed`);
process.exitCode = failures > 0 ? 1 : 0;

/** npm's report, or why there is none. */
function audit() {
  const args = ['audit', '--omit=dev', '--audit-level=high', '--package-lock-only', '--json'];
  const { stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  try {
    const answer = JSON.parse(stdout);
    return answer.vulnerabilities ? answer : (answer.message ?? answer.error?.summary ?? stdout);
  } catch {
    return stderr.trim() || stdout;
  }
}

function readAllowed(file) {
  const entries = JSON.parse(readFileSync(file, 'utf8'));
  for (const entry of entries)
    if (!/^GHSA-/.test(entry.advisory) || !entry.reason || !/^\d{4}-\d\d-\d\d$/.test(entry.until))
      throw new Error(
        `${file}: got ${JSON.stringify(entry)}, expected {"advisory":"GHSA-...","reason":"...","until":"YYYY-MM-DD"}`,
      );
  return entries;
}
