extension Schema {
    /// Rows from before failed events were marked: without the mark, the same attempt told by another source is another attempt. What began at
    /// another time than it failed has lost when it failed.
    static let failedAttempts = """
        UPDATE flow_fact SET state = state | \(FlowState.hasFailed.rawValue)
        WHERE state & 3 = \(FlowState.failed.rawValue) AND connection_id IS NOT NULL;
        """
}
