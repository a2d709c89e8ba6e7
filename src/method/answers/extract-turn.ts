/** The part of a model's text that answers. */
export interface Turn {
  text: string;
  /** Whether it is nothing but thinking: there, only a box is an answer. */
  thinking: boolean;
}

const CHANNEL = '<|channel|>final<|message|>';
/** How thinking begins and ends. */
const THOUGHTS = [
  ['<think>', '</think>'],
  ['<thinking>', '</thinking>'],
  ['<reasoning>', '</reasoning>'],
  ['<|begin_of_thought|>', '<|end_of_thought|>'],
  ['◁think▷', '◁/think▷'],
] as const;
/** Where a model stops, or a turn begins. */
const STOP = String.raw`<\|(?:im_end|eot_id|end_of_text|endoftext|end|return|eom_id|im_start|start_header_id|user)\|>|<\/s>|<｜end▁of▁sentence｜>|<(?:end_of_turn|eos)>`;
const STOPS = new RegExp(String.raw`(?:(?:${STOP})\s*)+$`);
const END_OF_TURN = new RegExp(
  String.raw`${STOP}|\[INST\]|(?<=[.!?])\s+(?:Human|User):|\n[ \t*#]*(?:Human|User|###? ?Instruction|###? ?Input)[ \t]*:?\**[ \t]*(?::|\n)`,
);
/** How Minerva's answers end, unless it goes on to correct itself. */
const HOPE =
  /I hope (?:it|this|that) is correct(?!\W*(?:I (?:sincerely )?apologi[sz]e|(?:I am |I'm )?sorry|(?:oh )?wait|actually|correction|let me (?:correct|fix|redo|re-?(?:do|check|calculate|compute|consider|evaluate)))\b)/i;
const CALCULATOR = /<<[^<>\n]{0,200}>>/g;

/** Without the thinking before it, the turns that a model goes on to invent after it, and GSM8K's calculator tags. */
export function answeringTurn(response: string): Turn {
  const spoken = response.slice(endOf(CHANNEL, response));
  const end = Math.max(...THOUGHTS.map(([, closing]) => endOf(closing, spoken)));
  const after = firstTurn(spoken.slice(end));
  const onlyThought = end > 0 && after.trim() === '';
  const thinking = onlyThought || (end === 0 && THOUGHTS.some(([opening]) => spoken.includes(opening)));
  return { text: (onlyThought ? spoken.slice(0, end) : after).replace(CALCULATOR, ''), thinking };
}

/** A bare answer without the tokens that end it. */
export function withoutStop(answer: string): string {
  return answer.replace(STOPS, '');
}

/** Where the last of these has ended; 0 where there is none. */
function endOf(mark: string, text: string): number {
  const index = text.lastIndexOf(mark);
  return index < 0 ? 0 : index + mark.length;
}

function firstTurn(text: string): string {
  const start = text.search(/\S/);
  const said = start < 0 ? '' : text.slice(start);
  const end = END_OF_TURN.exec(said);
  const turn = end && end.index > 0 ? said.slice(0, end.index) : said;
  const hope = HOPE.exec(turn);
  return hope ? turn.slice(0, hope.index) : turn;
}
