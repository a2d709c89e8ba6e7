import { z } from 'zod';

/** Arguments without a shell: a word is what is between spaces. */
export const words = z.string().transform((text) => text.split(/\s+/).filter((word) => word !== ''));
