export { buildCritiques } from './build-critiques.ts';
export { evaluate } from './evaluate.ts';
export { fineTune } from './fine-tune.ts';
export { iterate } from './iterate.ts';
export { selfImprove } from './self-improve.ts';
export { selfTalk } from './self-talk.ts';
export { study } from './study.ts';
export { supervise } from './supervise.ts';
export { unknownType as default } from './unknown-type.ts';
