import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleWorkflows } from '../../scripts/bundle.mjs';
import { historiesFolder } from '../support/histories.ts';

const workflows = join(import.meta.dirname, '../../src/workflows');

/** Recorded by the live tests: test/support/histories.ts says how to record them again, after a change of a workflow. */
const names = readdirSync(historiesFolder).sort();

interface Recorded {
  workflowId: string;
  history: { events: Record<string, unknown>[] };
}

function read(name: string): Recorded {
  const history = JSON.parse(readFileSync(join(historiesFolder, name), 'utf8')) as Recorded['history'];
  // Children are named after their parent, so a replay goes under the name that the run had.
  const { workflowId } = history.events[0]!.workflowExecutionStartedEventAttributes as { workflowId: string };
  return { workflowId, history };
}

let code: string;
beforeAll(async () => {
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => {}),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } },
  });
  code = await bundleWorkflows(join(workflows, 'index.ts'));
  // A second where nothing else runs.
}, 120_000);

/** Null where the history replays, else why not. */
async function replay(recorded: Recorded, bundle = code): Promise<string | null> {
  for await (const { error } of Worker.runReplayHistories({ workflowBundle: { code: bundle } }, [recorded]))
    return error ? error.name : null;
  throw new Error('nothing was replayed');
}

describe('recorded histories', () => {
  it('are there for every way that a run goes', () => {
    for (const scenario of [
      'critic',
      'vanilla',
      'stopped-now',
      'stopped-drain',
      'paused',
      'extended',
      'continued-as-new',
      'retrained',
    ]) {
      expect(names).toContain(`${scenario}.json`);
      expect(names).toContain(`${scenario}-iteration-1.json`);
    }
    expect(names).toContain('continued-as-new-2.json');
    for (const scenario of ['', '-better', '-worse', '-critic', '-stopped', '-paused'])
      expect(names).toContain(`fine-tune${scenario}.json`);
    expect(names).toContain('fine-tune-critic-against-greedy.json');
    for (const scenario of ['evaluation', 'evaluation-paused', 'evaluation-stopped']) {
      expect(names).toContain(`${scenario}.json`);
      expect(names).toContain(`${scenario}-greedy.json`);
    }
    expect(names).toContain('evaluation-round-3.json');
    expect(names).toContain('evaluation-continued-2.json');
    for (const scenario of ['', '-fine-tune', '-evaluate', '-stopped', '-stopped-2'])
      expect(names).toContain(`self-talk${scenario}.json`);
    for (const scenario of [
      '',
      '-reused',
      '-waited',
      '-stopped-now',
      '-stopped-drain',
      '-paused',
      '-failed',
      '-continued',
    ])
      expect(names).toContain(`study${scenario}.json`);
  });

  it.each(names)('%s replays', async (name) => {
    expect(await replay(read(name))).toBeNull();
  });

  it('with failures replay where payloads are encrypted, and failures are written in another way', async () => {
    const failureConverterPath = join(workflows, 'encoded-failures.ts');
    const bundle = await bundleWorkflows(join(workflows, 'index.ts'), { failureConverterPath });
    const failed = names.filter((name) => JSON.stringify(read(name)).includes('"failure":'));
    expect(failed).toContain('study-failed.json');
    for (const name of failed) expect(await replay(read(name), bundle), name).toBeNull();
  });
});

describe('replay notices', () => {
  it('an activity that was another', async () => {
    const recorded = read('critic-iteration-1.json');
    const tampered = JSON.parse(
      JSON.stringify(recorded).replaceAll('selectTrainingRows', 'selectOtherRows'),
    ) as Recorded;
    expect(await replay(tampered)).toBe('DeterminismViolationError');
  });

  it('a child that was another', async () => {
    const recorded = read('vanilla.json');
    const { events } = recorded.history;
    const at = events.findIndex((event) => 'startChildWorkflowExecutionInitiatedEventAttributes' in event);
    expect(at).toBeGreaterThan(0);
    events[at]!.startChildWorkflowExecutionInitiatedEventAttributes = {
      ...(events[at]!.startChildWorkflowExecutionInitiatedEventAttributes as object),
      workflowId: 'another',
    };
    expect(await replay(recorded)).toBe('DeterminismViolationError');
  });

  it('a workflow that does something else now', async () => {
    const changed = code.replace(
      'await iteration.select(exploration)',
      'await iteration.fineTune({ sft: { rows: 0, uri: "" }, accepted: 0 })',
    );
    expect(changed).not.toBe(code);
    expect(await replay(read('critic-iteration-1.json'), changed)).toBe('DeterminismViolationError');
  });
});
