/** Members that show who made an object when. */
interface AuditedRow {
  readonly created_at: Date;
  readonly created_by: string;
  readonly updated_at: Date;
  readonly updated_by: string;
}

export function presentAudited(row: AuditedRow) {
  return {
    created_at: row.created_at.toISOString(),
    created_by: { href: row.created_by },
    updated_at: row.updated_at.toISOString(),
    updated_by: { href: row.updated_by },
  };
}

/** Columns of an object that is made now. */
export function auditedBy(href: string, now: Date) {
  return { created_at: now, created_by: href, updated_at: now, updated_by: href };
}
