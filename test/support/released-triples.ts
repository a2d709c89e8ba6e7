/** One record of the refinement data that the paper's authors released (Alpaca format). */
export interface ReleasedRecord {
  instruction: string;
  input: string;
  output: string;
}

export interface ReleasedTriple {
  question: string;
  response: string;
  critique: string;
  refinement: string;
}

/** Takes an instruction apart: question, primer and flawed solution, end of turn, refine request, critique. */
export function readReleased({ instruction, output }: ReleasedRecord): ReleasedTriple {
  const [first, second] = instruction.split('\n<|end_of_text|>\nHuman: ');
  const [question, response] = first!.split('\n\nAssistant:');
  const critique = second!.slice(second!.indexOf('\n\n') + 2);
  return { question: question!, response: response!, critique, refinement: output };
}
