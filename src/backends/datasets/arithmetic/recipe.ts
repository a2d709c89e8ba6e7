import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { base } from '../../../method/prompts/base.ts';
import {
  ANSWER_REQUEST,
  CRITIQUE_MARKERS,
  CRITIQUE_REQUEST,
  PRIMER,
  REFINE_REQUEST,
} from '../../../method/prompts/text.ts';
import type { Question } from '../../../method/rows.ts';
import { annotate } from './annotate.ts';
import { actorDocuments, criticBaseDocuments, criticDocuments } from './documents.ts';
import { questions, type Split } from './questions.ts';
import { refinements } from './refinements.ts';

/**
 * The data that models/recipe/ makes the checkpoints from, as JSON lines on standard output:
 *   templates               the prompts with their variable parts cut out, and the phrases that are single tokens
 *   questions, refinements, actor-documents, critic-documents, critic-base-documents   --seed S --split train --first I --count N
 *   annotate                {question, response} rows from standard input, each with its exact critique
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    split: { type: 'string', default: 'pretrain' },
    first: { type: 'string', default: '0' },
    count: { type: 'string', default: '0' },
  },
});
const request = {
  seed: Number(values.seed),
  split: values.split as Split,
  first: Number(values.first),
  count: Number(values.count),
};

switch (positionals[0]) {
  case 'templates':
    print(templates());
    break;
  case 'questions':
    for (const question of questions(request)) print(question);
    break;
  case 'refinements':
    for (const triple of refinements(request)) print(triple);
    break;
  case 'actor-documents':
    for (const document of actorDocuments(request)) print(document);
    break;
  case 'critic-documents':
    for (const document of criticDocuments(request)) print(document);
    break;
  case 'critic-base-documents':
    for (const document of criticBaseDocuments(request)) print(document);
    break;
  case 'annotate':
    for await (const line of createInterface({ input: process.stdin })) {
      const row = JSON.parse(line);
      print({ ...row, critique: annotate(row.question, row.response) });
    }
    break;
  default:
    throw new Error(`No such data: ${positionals[0]}`);
}

function print(row: object): void {
  process.stdout.write(`${JSON.stringify(row)}\n`);
}

function templates() {
  const [question, response, critique] = ['{question}', '{response}', '{critique}'];
  const of = (answerFormat: Question['answerFormat']): Question => ({ id: '', question, reference: '', answerFormat });
  const cut = (prompt: unknown) => (prompt as string).split(/\{question\}|\{response\}|\{critique\}/);
  const prompts = {
    solve: cut(base.solve(of('plain'))),
    critique: cut(base.critique(of('plain'), response)),
    refine: cut(base.refine(of('plain'), response, critique)),
  };
  const boxed = [...cut(base.solve(of('boxed'))), ...cut(base.refine(of('boxed'), response, critique))];
  const { step, label, explanation, verdict } = CRITIQUE_MARKERS;
  const markers = [step, label, explanation, verdict];
  const phrases = [
    ...Object.values(prompts).flat(),
    ...boxed,
    ...[PRIMER, REFINE_REQUEST, CRITIQUE_REQUEST, ANSWER_REQUEST.plain, ANSWER_REQUEST.boxed],
    ...[...markers, ...markers.map((marker) => `\n${marker}`), `.\n${step}`, `.\n${label}`, `.\n${verdict}`],
    ...[
      'This step gives ',
      'Still to do is ',
      'The result is ',
      'There is no such step',
      'The answer is ',
      'Correct',
      'Wrong',
    ],
    ...['This step gives ', 'Still to do is ', 'The result is '].flatMap((text) => [
      explanation + text,
      `\n${explanation}${text}`,
    ]),
    '\n\nAssistant:',
  ];
  return { prompts, phrases: [...new Set(phrases)].filter((phrase) => phrase !== '') };
}
