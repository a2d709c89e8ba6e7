import { join } from 'node:path/posix';
import { type EvaluationManifest, evaluationKeys } from '../activities/evaluation-files.ts';
import { scoreRows } from '../activities/score-rows.ts';
import { keepScores } from '../activities/score-votes.ts';
import { renderEvaluation } from '../activities/write-evaluation.ts';
import { renderStudyReport, type StudyManifest, studyKeys } from '../activities/write-study.ts';
import { GradingThreads } from '../backends/grading/threads.ts';
import { readJson } from '../backends/storage/json.ts';
import { openStore } from '../backends/storage/open-store.ts';
import { runFolder } from '../backends/storage/runs.ts';
import type { Store } from '../backends/storage/store.ts';
import { readEnvironment } from '../config/environment.ts';
import type { CritiquesReport } from '../report/critiques/data.ts';
import { renderCritiques } from '../report/critiques/html.ts';
import { critiquesTable } from '../report/critiques/table.ts';
import type { RunReport } from '../report/data.ts';
import { renderReport } from '../report/html.ts';
import type { SelfTalkReport } from '../report/self-talk/data.ts';
import { renderSelfTalk } from '../report/self-talk/html.ts';
import { selfTalkTable } from '../report/self-talk/table.ts';
import type { StepReport } from '../report/study/data.ts';
import { renderTable } from '../report/table.ts';
import { SetupError } from './setup/setup-error.ts';

/** Makes a run's report again from what is in the store: the same to the last digit, and nothing is generated. */
export async function report(workflowId: string): Promise<void> {
  const store = await openStore(readEnvironment());
  const folder = runFolder(workflowId);
  const { table, path } =
    (await evaluation(store, folder)) ??
    (await study(store, folder)) ??
    (await drawnAgain(store, folder)) ??
    none(store, workflowId);
  const copy = await bringPages(store, folder);
  process.stdout.write(`${table}\n${path}\n${copy === path ? '' : `${copy}\n`}`);
}

/** A browser opens no bucket: the page, and those that it links to, are brought to this machine. Gives the page's path. */
async function bringPages(store: Store, folder: string): Promise<string> {
  const data = await readJson<{ steps?: Pick<StepReport, 'report'>[] }>(store, `${folder}/report.json`);
  for (const { report } of data?.steps ?? []) if (report) await store.fetch(join(folder, report));
  return await store.fetch(`${folder}/report.html`);
}

/** From the rows on. */
async function evaluation(store: Store, folder: string) {
  const manifest = await readJson<EvaluationManifest>(store, evaluationKeys(folder).manifest);
  if (!manifest) return null;
  const threads = new GradingThreads();
  try {
    const scored = await scoreRows({ store, threads }, manifest);
    await keepScores(store, folder, scored);
    return await renderEvaluation(store, manifest, scored);
  } finally {
    await threads.close();
  }
}

/** From what its children left. */
async function study(store: Store, folder: string) {
  const manifest = await readJson<StudyManifest>(store, studyKeys(folder).manifest);
  return manifest && (await renderStudyReport(store, manifest));
}

/** Of the other workflows: from the numbers that their steps left. */
async function drawnAgain(store: Store, folder: string) {
  const data = await readJson<RunReport | SelfTalkReport | CritiquesReport>(store, `${folder}/report.json`);
  if (!data) return null;
  const key = `${folder}/report.html`;
  const { page, table } = await draw(data);
  await store.write(key, [page]);
  return { table, path: store.locate(key) };
}

async function draw(data: RunReport | SelfTalkReport | CritiquesReport): Promise<{ page: string; table: string }> {
  if ('annotator' in data) return { page: await renderCritiques(data), table: critiquesTable(data) };
  if ('smoother' in data) return { page: await renderSelfTalk(data), table: selfTalkTable(data) };
  return { page: await renderReport(data), table: renderTable(data) };
}

function none(store: Store, workflowId: string): never {
  throw new SetupError(`no report of "${workflowId}" in ${store.root}: is CRITIQUE_LOOP_STORE the run's store?`);
}
