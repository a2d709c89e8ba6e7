import {
  type ChildWorkflowHandle,
  getExternalWorkflowHandle,
  setHandler,
  type Workflow,
  type WorkflowResultType,
  workflowInfo,
} from '@temporalio/workflow';
import { show } from '../method/show.ts';
import {
  type CommonProgress,
  pauseSignal,
  pauseUpdate,
  progressQuery,
  resumeSignal,
  resumeUpdate,
  type StageReport,
  type StopRequest,
  stageSignal,
  stopSignal,
  stopUpdate,
} from './contract.ts';
import { Control, type Message, readStop } from './control.ts';
import { isStageReport, mistakeInStop, refusal } from './requests.ts';

/** What a child that runs stages is told of the messages that came before it. */
export interface ControlState {
  stop: StopRequest | null;
  paused: boolean;
}

/**
 * What the workflows that people start share: the messages they answer, what they run one after the other under these messages, and what
 * people see of it. A stage of their own runs under `control`, a child by `runChild` or `runWhole`.
 */
export class Conductor {
  readonly control: Control;
  stage: StageReport = beginning('validate');
  finished = false;
  #child: Pick<ChildWorkflowHandle<Workflow>, 'signal'> | null = null;
  #childName = '';
  #forwarded: Promise<void> = Promise.resolve();

  /** Sets the handlers, so it comes before the first await of a workflow. */
  constructor(state: ControlState & { warnings?: readonly string[] }, progress: () => CommonProgress) {
    this.control = new Control(state, (message) => this.#forward(message));
    setHandler(stopUpdate, (request) => this.control.requestStop(readStop(request)), {
      description: 'As the signal "stop", but checked and answered',
      validator: validateStop,
    });
    setHandler(pauseUpdate, () => this.control.pause(), { description: 'As the signal "pause", but answered' });
    setHandler(resumeUpdate, () => this.control.resume(), { description: 'As the signal "resume", but answered' });
    setHandler(progressQuery, progress, { description: 'Where the run is and what it waits for' });
    setHandler(stageSignal, (report) => this.#hear(report), {
      description: 'From the children of this run: how far a stage is',
    });
  }

  #hear(report: unknown): void {
    if (isStageReport(report)) {
      this.warnOf(this.#childName, report.warnings);
      this.tell({ ...report, warnings: this.warnings });
    } else this.warn(`signal "stage": got ${show(report)}, expected what a child of this run says`);
  }

  /** What people should know of the run although it goes on. */
  warn(...warnings: readonly string[]): void {
    this.control.warnings.add(...warnings);
  }

  /** What a child warns of, under the name that it has here; a part of this run has none. What is known here is not said again. */
  warnOf(child: string, warnings: readonly string[] = []): void {
    const known = new Set(this.warnings);
    this.warn(...warnings.filter((text) => !known.has(text)).map((text) => (child ? `${child}: ${text}` : text)));
  }

  /** All so far. */
  get warnings(): string[] {
    return this.control.warnings.texts;
  }

  /** How far a stage is, of its own or of a child: a run that is itself a child passes it on. */
  tell(report: StageReport): void {
    this.stage = report;
    tellParent(report);
  }

  /** Runs a part of this run to its end. It is told of earlier messages when it starts, and of every stop, pause and resume until then. */
  async runChild<T extends Workflow>(
    start: (control: ControlState) => Promise<ChildWorkflowHandle<T>>,
  ): Promise<WorkflowResultType<T>> {
    const { stop, paused } = this.control;
    return await this.#follow('', await start({ stop, paused }), { stop, paused });
  }

  /** The same with a child that people could have started themselves: it hears of earlier messages as of later ones. */
  async runWhole<T extends Workflow>(
    name: string,
    start: () => Promise<ChildWorkflowHandle<T>>,
  ): Promise<WorkflowResultType<T>> {
    return await this.#follow(name, await start(), { stop: null, paused: false });
  }

  /** @param knows what the child was started with: what arrived since has not reached it */
  async #follow<T extends Workflow>(
    name: string,
    child: ChildWorkflowHandle<T>,
    knows: ControlState,
  ): Promise<WorkflowResultType<T>> {
    const { stop, paused } = this.control;
    this.#child = child;
    this.#childName = name;
    if (stop && stop !== knows.stop) this.#forward({ name: 'stop', request: stop });
    if (paused !== knows.paused) this.#forward({ name: paused ? 'pause' : 'resume' });
    const result = await child.result();
    this.#child = null;
    this.warnOf(name, (result as { warnings?: string[] }).warnings);
    return result;
  }

  /** The part of a progress query's answer that all runs have. */
  progress(run: { prepared: boolean; tokens: CommonProgress['tokens']; warnings?: string[] }): CommonProgress {
    const { stage, rows, tokens, tokensPerSecond, etaSeconds } = this.stage;
    return {
      state: this.#condition(run.prepared),
      stage: this.finished ? 'done' : stage,
      rows,
      tokens: {
        prompt: run.tokens.prompt + tokens.prompt,
        completion: run.tokens.completion + tokens.completion,
      },
      tokensPerSecond,
      etaSeconds,
      waitingFor: this.#waitingFor(),
      warnings: [...this.warnings, ...(run.warnings ?? [])],
    };
  }

  #condition(prepared: boolean): CommonProgress['state'] {
    if (this.finished) return 'finished';
    if (this.control.stop) return 'stopping';
    if (this.control.paused) return 'paused';
    return prepared ? 'running' : 'starting';
  }

  #waitingFor(): string {
    const { stage } = this.stage;
    if (this.finished) return 'nothing';
    if (this.control.paused && !this.control.stop) return 'the signal "resume"';
    if (/fine-tune/.test(stage)) return 'the trainer (queue critique-loop-train)';
    if (GENERATING.test(stage)) return 'the engine (queue critique-loop-inference)';
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

/** Stages that ask a model. */
const GENERATING = /sample|critique|refine|mistake|continue|annotate|rewrite|smooth/;

/** How far a stage is, to who started this workflow. */
export function tellParent(report: StageReport): void {
  const { parent } = workflowInfo();
  if (parent)
    void getExternalWorkflowHandle(parent.workflowId)
      .signal(stageSignal, report)
      .catch(() => {});
}

export const beginning = (stage: string): StageReport => ({
  stage,
  rows: { done: 0, total: 0 },
  tokens: { prompt: 0, completion: 0 },
  tokensPerSecond: null,
  etaSeconds: null,
});

function validateStop(request?: unknown): void {
  const mistake = mistakeInStop(request);
  if (mistake) throw refusal('InvalidInput', mistake);
}
