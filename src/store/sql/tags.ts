// The tags there are, in any store: a step through the index for each, however much mail has it. Called
// by the stores' read/list.ts.

/** Tags that begin with a text; bound are that text, five times, and a limit. In their order. */
export const TAGS_WITH_PREFIX = `WITH RECURSIVE found AS (
    SELECT * FROM (SELECT tag FROM tag WHERE tag >= ? ORDER BY tag LIMIT 1) AS first
    UNION ALL
    SELECT (SELECT tag FROM tag WHERE tag > found.tag ORDER BY tag LIMIT 1)
    FROM found WHERE substr(found.tag, 1, length(?)) = ?
  )
  SELECT tag FROM found WHERE substr(tag, 1, length(?)) = ? LIMIT ?`;
