import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';

const KEYS = {
  model: defineSearchAttributeKey('CritiqueLoopModel', 'KEYWORD'),
  dataset: defineSearchAttributeKey('CritiqueLoopDataset', 'KEYWORD'),
  iteration: defineSearchAttributeKey('CritiqueLoopIteration', 'INT'),
  accuracy: defineSearchAttributeKey('CritiqueLoopAccuracy', 'DOUBLE'),
};

/** All that a namespace must know. */
export const SEARCH_ATTRIBUTES: readonly (typeof KEYS)[keyof typeof KEYS][] = Object.values(KEYS);

/** What `temporal workflow list --query` can ask for. Names that are absent stay as they are. */
export function searchAttributes(values: {
  model?: string;
  dataset?: string;
  iteration?: number;
  accuracy?: number;
}): SearchAttributePair[] {
  return (Object.keys(KEYS) as (keyof typeof KEYS)[]).flatMap((name) => {
    const value = values[name];
    return value === undefined ? [] : [{ key: KEYS[name], value } as SearchAttributePair];
  });
}
