extension Schema {
    /// Tables are called what their field calls what they hold. Views are made again afterwards.
    static let fieldNames = """
        ALTER TABLE retelling_fact RENAME TO source_match_fact;
        ALTER TABLE retelling_run RENAME TO source_match_run;
        ALTER TABLE retelling_queue RENAME TO source_match_queue;
        DROP INDEX retelling_original;
        CREATE INDEX source_match_original ON source_match_fact (original_flow);
        UPDATE setting SET name = 'source-matches-compared-through' WHERE name = 'retellings-compared-through';
        ALTER TABLE judgement RENAME TO assessment;
        ALTER TABLE assessment RENAME COLUMN judgement_id TO assessment_id;
        ALTER TABLE edge RENAME COLUMN judgement_id TO assessment_id;
        """
}
