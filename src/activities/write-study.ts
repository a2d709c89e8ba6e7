import { writeJson } from '../backends/storage/json.ts';
import type { Store } from '../backends/storage/store.ts';
import type { StudyConfig } from '../config/study.ts';
import type { Finding } from '../method/study/finding.ts';
import { studyCsv } from '../report/study/csv.ts';
import type { StepReport, StudyData } from '../report/study/data.ts';
import { headline } from '../report/study/headline.ts';
import { renderStudy } from '../report/study/html.ts';
import { studyTable } from '../report/study/table.ts';
import { gatherStudy } from './gather-study.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { WrittenReport } from './write-report.ts';

export interface StudyTask {
  /** Folder of the study in the store. */
  run: string;
  workflowId: string;
  config: StudyConfig;
  status: StudyData['status'];
  reason?: string;
  /** ISO 8601. */
  startedAt: string;
  /** The children that have been started or reused, in their order. */
  steps: StudiedStep[];
  warnings: string[];
}

export interface StudiedStep
  extends Pick<StepReport, 'step' | 'type' | 'workflowId' | 'status' | 'seconds' | 'headline'> {
  /** Folder of the child in the store. */
  run: string;
}

/** What the report can be made from again, together with what the children left. */
export interface StudyManifest extends StudyTask {
  /** ISO 8601. */
  updatedAt: string;
}

export interface WrittenStudy extends WrittenReport {
  /** What came out, in plain words. */
  headline: string[];
  findings: Pick<Finding, 'id' | 'claim' | 'holds' | 'why'>[];
}

/** Keys in the store of what a study leaves beside its children's. */
export const studyKeys = (run: string) => ({
  manifest: `${run}/study.json`,
  html: `${run}/report.html`,
  csv: `${run}/report.csv`,
  json: `${run}/report.json`,
});

/** Writes a study's report from what its children left in the store: generates nothing, and gives the same numbers every time. */
export async function writeStudy(deps: { store: Store }, task: StudyTask): Promise<WrittenStudy> {
  return await withHeartbeat(
    () => ({ report: task.run }),
    async () => {
      const manifest: StudyManifest = { ...task, updatedAt: new Date().toISOString() };
      await writeJson(deps.store, studyKeys(task.run).manifest, manifest);
      return await renderStudyReport(deps.store, manifest);
    },
  );
}

/** The same where nobody waits for heartbeats. */
export async function renderStudyReport(store: Store, manifest: StudyManifest): Promise<WrittenStudy> {
  const keys = studyKeys(manifest.run);
  const study = await gatherStudy(store, manifest);
  await writeJson(store, keys.json, study);
  await store.write(keys.csv, [studyCsv(study)]);
  await store.write(keys.html, [await renderStudy(study)]);
  return {
    path: store.locate(keys.html),
    table: studyTable(study),
    headline: headline(study),
    findings: study.findings.map(({ id, claim, holds, why }) => ({ id, claim, holds, why })),
  };
}
