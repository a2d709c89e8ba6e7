import {
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { Failure } from '../failures.ts';
import type { Row } from './files.ts';

/**
 * The rows of a Parquet file, a row group at a time.
 * @param fields the columns to read; where one of them is none, all are
 * @throws Failure InvalidInput that names the file where it can't be read
 */
export async function* readParquet(path: string, fields: readonly string[]): AsyncIterable<Row> {
  const file = await asyncBufferFromFile(path);
  const metadata = await reading(path, () => parquetMetadataAsync(file));
  const columns = columnsOf(metadata, fields);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const read = { file, metadata, rowStart, rowEnd, compressors, ...(columns && { columns }) };
    const rows = await reading(path, () => parquetReadObjects(read));
    for (const [index, values] of rows.entries()) yield { values, where: `${path}, row ${rowStart + index + 1}` };
    rowStart = rowEnd;
  }
}

function columnsOf(metadata: FileMetaData, fields: readonly string[]): string[] | null {
  const known = new Set(parquetSchema(metadata).children.map(({ element }) => element.name));
  const columns = fields.map((field) => (known.has(field) ? field : field.split('.', 1)[0]!));
  return columns.every((column) => known.has(column)) ? [...new Set(columns)] : null;
}

async function reading<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Failure('InvalidInput', `${path}: expected a Parquet file: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
