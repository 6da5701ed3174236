/// The views that statements of the library may use; `docs/database-views.md` describes each column.
public enum PublicViews {
    public static let names = [
        "flow", "access", "access_detail", "session", "finding", "source", "quarantine", "policy_snapshot", "policy_connector",
        "policy_network",
        "policy_resource", "policy_user", "policy_member", "policy_grant", "audit_event", "journal_record", "name_query",
        "administrative_change",
        "unknown_field", "journal_frame", "duration_calibration", "source_match", "source_conflict", "reused_id", "log_gap",
    ]
}
