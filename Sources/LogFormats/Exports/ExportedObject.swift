import FlowModel

/// A kind of object, other than network events, that administration exports or syncs: alone, or under `event` beside its type.
protocol ExportedObject {
    /// What `event_type` says where the object is synced.
    static var eventType: String { get }
    /// Fields of the root by which an object without a type is known.
    static var marks: [Field] { get }
    /// Reads the object into the batch.
    static func read(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, into batch: RecordBatch) throws(Rejection)
}

enum ExportedObjects {
    /// The first whose marks an object has is what it is.
    static var all: [any ExportedObject.Type] { [AuditLogReader.self, NameFilteringReader.self] }
}
