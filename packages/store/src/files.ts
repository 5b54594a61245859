import type { Attachment, TenantProject } from '@switchyard/protocol';
import { cleanText } from './sql-values.ts';
import type { Sql } from './sql.ts';

export interface FileRow extends Attachment {
  file_id: string;
  conversation_id: string;
  turn_id: string;
  user_id: string;
  direction: 'attachment' | 'produced';
}

export interface FileOwner {
  conversationId: string;
  turnId: string;
  userId: string;
  direction: 'attachment' | 'produced';
}

const COLUMNS = 'file_id, conversation_id, turn_id, user_id, direction, filename, mime, size, sha256';

const TOUCH_BLOB = {
  name: 'blob.touch',
  text: `insert into blob (sha256, size) values ($1, $2) on conflict (sha256) do update set touched_at = now()`,
};
const ADD_FILE = {
  name: 'file.add',
  text: `insert into file (tenant, project, file_id, conversation_id, turn_id, user_id, direction, filename, mime, size, sha256)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (tenant, project, file_id) do nothing`,
};
const FIND_FILE = {
  name: 'file.find',
  text: `select ${COLUMNS} from file where tenant = $1 and project = $2 and conversation_id = $3 and turn_id = $4
    and (file_id = $5 or sha256 = $5) order by file_id limit 1`,
};
const DROP_UNUSED_BLOBS = {
  name: 'blob.dropUnused',
  text: `delete from blob b where b.touched_at < now() - make_interval(secs => $1)
    and not exists (select 1 from file f where f.sha256 = b.sha256)
    and not exists (select 1 from bundle_file f where f.sha256 = b.sha256) returning sha256`,
};

export type Files = ReturnType<typeof createFiles>;

/** Which turn holds which stored file; the bytes are in the blob store. */
export function createFiles(sql: Sql, scope: TenantProject) {
  const { tenant, project } = scope;
  return {
    /** Call it after the blob was stored and before anything refers to it: it keeps the blob from being collected. */
    async touchBlob(blob: { sha256: string; size: number }): Promise<void> {
      await sql.query({ ...TOUCH_BLOB, values: [blob.sha256, blob.size] });
    },
    /** `fileId` is unique in the scope; adding it again changes nothing. Touches the blob. */
    add: (fileId: string, owner: FileOwner, file: Attachment): Promise<void> =>
      sql.tx(async (tx) => {
        const { conversationId, turnId, userId, direction } = owner;
        const { filename, mime, size, sha256 } = file;
        await tx.query({ ...TOUCH_BLOB, values: [sha256, size] });
        const row = [
          fileId,
          conversationId,
          turnId,
          userId,
          direction,
          cleanText(filename),
          cleanText(mime),
          size,
          sha256,
        ];
        await tx.query({ ...ADD_FILE, values: [tenant, project, ...row] });
      }),
    /** By its id, or by the content's hash within the turn. Who may read it is the caller's question. */
    async find(conversationId: string, turnId: string, fileIdOrSha: string): Promise<FileRow | undefined> {
      const values = [tenant, project, conversationId, turnId, fileIdOrSha];
      return (await sql.query<FileRow>({ ...FIND_FILE, values }))[0];
    },
    /** Forgets blobs that no file of any scope names and nobody touched for so long; returns them, for the blob store to remove. */
    async dropUnusedBlobs(untouchedSec: number): Promise<string[]> {
      return (await sql.query<{ sha256: string }>({ ...DROP_UNUSED_BLOBS, values: [untouchedSec] })).map(
        (row) => row.sha256,
      );
    },
  };
}
