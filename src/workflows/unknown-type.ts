import { workflowInfo } from '@temporalio/workflow';
import { show } from '../method/show.ts';
import { refusal } from './requests.ts';

/** What runs where somebody asks for a workflow that there is none of: without it Temporal would look for one for ever. */
export async function unknownType(): Promise<never> {
  const { workflowType } = workflowInfo();
  const names = WORKFLOWS.map((name) => `"${name}"`).join(' or ');
  throw refusal('InvalidInput', `workflow type: got ${show(workflowType)}, expected ${names}`);
}

/** Those that people start. */
const WORKFLOWS = ['selfImprove', 'evaluate', 'buildCritiques', 'fineTune', 'selfTalk', 'study'];
