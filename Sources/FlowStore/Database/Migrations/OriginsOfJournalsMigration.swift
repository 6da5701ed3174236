extension Schema {
    /// Which journal a segment is of, and a tree: a directory may hold one journal today and another one tomorrow.
    static let originsOfJournals = """
        ALTER TABLE source_file ADD COLUMN origin TEXT;  -- of a journal's segment: the journal's origin; NULL: not known
        ALTER TABLE journal_root ADD COLUMN origin TEXT; -- of the journal that has, or had, this tree; NULL: not known

        UPDATE source_file SET origin = (
            SELECT max(o.body ->> '$.journal.origin') FROM source_file s JOIN other_record o USING (source_id)
            WHERE s.journal = source_file.journal AND s.kind = 'journal' AND o.category = 'journal' AND o.kind = 'journal_opened'
                AND json_valid(o.body) AND json_type(o.body, '$.journal.origin') = 'text'
            HAVING count(DISTINCT o.body ->> '$.journal.origin') = 1)
        WHERE kind = 'journal';
        UPDATE journal_root SET origin = substr(journal, length('origin ') + 1) WHERE journal GLOB 'origin *';
        UPDATE journal_root SET origin = coalesce(
            (SELECT max(o.origin) FROM journal_root o
                WHERE o.journal GLOB 'origin *' AND o.frames = journal_root.frames AND o.root = journal_root.root),
            (SELECT max(s.origin) FROM source_file s WHERE s.journal = substr(journal_root.journal, length('directory ') + 1)
                HAVING count(DISTINCT s.origin) = 1))
        WHERE journal GLOB 'directory *';
        """
}
