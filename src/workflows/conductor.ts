import {
  ApplicationFailure,
  type ChildWorkflowHandle,
  setHandler,
  type Workflow,
  type WorkflowResultType,
} from '@temporalio/workflow';
import {
  type CommonProgress,
  pauseSignal,
  progressQuery,
  resumeSignal,
  type StageReport,
  type StopRequest,
  stageSignal,
  stopSignal,
  stopUpdate,
} from './contract.ts';
import { Control, type Message } from './control.ts';

/** What a child that runs stages is told of the messages that came before it. */
export interface ControlState {
  stop: StopRequest | null;
  paused: boolean;
}

/** What `selfImprove` and `evaluate` share: the messages they answer, one child at a time to pass them on to, and what people see of it. */
export class Conductor {
  readonly control: Control;
  stage: StageReport = beginning('validate');
  finished = false;
  #child: Pick<ChildWorkflowHandle<Workflow>, 'signal'> | null = null;
  #forwarded: Promise<void> = Promise.resolve();

  /** Sets the handlers, so it comes before the first await of a workflow. */
  constructor(state: ControlState, progress: () => CommonProgress) {
    this.control = new Control(state, (message) => this.#forward(message));
    setHandler(stopUpdate, (request) => this.control.requestStop(request), {
      description: 'As the signal "stop", but checked and answered',
      validator: validateStop,
    });
    setHandler(progressQuery, progress, { description: 'Where the run is and what it waits for' });
    setHandler(
      stageSignal,
      (report) => {
        this.stage = report;
      },
      { description: 'From the children of this run: how far a stage is' },
    );
  }

  /** Runs a child to its end; it is told of every stop, pause and resume until then. */
  async runChild<T extends Workflow>(
    start: (control: ControlState) => Promise<ChildWorkflowHandle<T>>,
  ): Promise<WorkflowResultType<T>> {
    const { stop, paused } = this.control;
    const child = await start({ stop, paused });
    this.#child = child;
    // What arrived while the child was being started has not reached it.
    if (this.control.stop && this.control.stop !== stop) this.#forward({ name: 'stop', request: this.control.stop });
    if (this.control.paused !== paused) this.#forward({ name: paused ? 'resume' : 'pause' });
    const result = await child.result();
    this.#child = null;
    return result;
  }

  condition(prepared: boolean): CommonProgress['state'] {
    if (this.finished) return 'finished';
    if (this.control.stop) return 'stopping';
    if (this.control.paused) return 'paused';
    return prepared ? 'running' : 'starting';
  }

  waitingFor(): string {
    const { stage } = this.stage;
    if (this.finished) return 'nothing';
    if (this.control.paused && !this.control.stop) return 'the signal "resume"';
    if (stage === 'fine-tune') return 'the trainer (queue critique-loop-train)';
    if (/sample|critique|refine/.test(stage)) return 'the engine (queue critique-loop-inference)';
    return `${stage} (queue critique-loop-cpu)`;
  }

  /** One after the other: two signals under way at once may arrive in the wrong order, and a resume before its pause is lost. */
  #forward(message: Message): void {
    const child = this.#child;
    if (!child) return;
    const send = () =>
      message.name === 'stop'
        ? child.signal(stopSignal, message.request)
        : child.signal(message.name === 'pause' ? pauseSignal : resumeSignal);
    // A child that has just ended can't take it, and need not.
    this.#forwarded = this.#forwarded.then(send).catch(() => {});
  }
}

export const beginning = (stage: string): StageReport => ({
  stage,
  rows: { done: 0, total: 0 },
  tokens: { prompt: 0, completion: 0 },
  tokensPerSecond: null,
  etaSeconds: null,
});

function validateStop(request?: unknown): void {
  const mode = (request as { mode?: unknown } | null | undefined)?.mode;
  if (request !== undefined && request !== null && mode !== 'drain' && mode !== 'now')
    throw ApplicationFailure.nonRetryable(
      `mode: got ${JSON.stringify(mode)}, expected "drain" or "now"`,
      'InvalidInput',
    );
}
