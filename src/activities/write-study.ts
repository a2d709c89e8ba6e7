import type { QuestionsConfig } from '../config/datasets.ts';
import type { Finding } from '../method/study/finding.ts';
import type { StepReport, StudyData } from '../report/study/data.ts';
import type { WrittenReport } from './write-report.ts';

export interface StudyTask {
  /** Folder of the study in the store. */
  run: string;
  workflowId: string;
  /** The parsed input of the study: as it is in its provenance. */
  config: {
    seed: number;
    actor: { base: string };
    critic: { base: string };
    questions: QuestionsConfig;
    test: QuestionsConfig;
  };
  status: StudyData['status'];
  reason?: string;
  /** ISO 8601. */
  startedAt: string;
  /** The children that have been started or reused, in their order. */
  steps: StudiedStep[];
  warnings: string[];
}

export interface StudiedStep extends Pick<StepReport, 'step' | 'type' | 'workflowId' | 'status' | 'seconds'> {
  /** Folder of the child in the store. */
  run: string;
}

export interface WrittenStudy extends WrittenReport {
  /** What came out, in plain words. */
  headline: string[];
  findings: Pick<Finding, 'id' | 'claim' | 'holds' | 'why'>[];
}
