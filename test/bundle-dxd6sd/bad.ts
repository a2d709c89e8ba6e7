import { z } from 'zod';
export const bad = async () => z.string().parse('x');
