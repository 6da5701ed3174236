import FlowModel

/// How records are cut from the bytes of an input.
enum RecordFraming {
    /// Lines that end with a line feed, and syslog messages whose bytes are counted.
    case lines
    /// Lines that may end with a carriage return alone, too, which no cell can hold.
    case rows
    /// JSON documents: objects one behind the other, or in arrays.
    case documents
}

/// Reads the records of one format, as `DecoderCore` cuts them from the stream, into a batch.
///
/// What cannot be read goes to the batch's quarantine. Nothing of a record may be kept behind the call but in the reader's own memory.
protocol RecordReader {
    var framing: RecordFraming { get }

    /// Reads a record that is not blank, given without its end. Blanks may stand at its beginning only where `framing` is `rows`.
    mutating func record(
        _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, _ batch: RecordBatch, _ flows: inout [FlowEvent])

    /// Tries to read a record at the beginning of unread bytes without a search for its end; gives the end of its content. `limit` is the end
    /// of the bytes that may be looked at, beyond the line as it may be.
    mutating func quick(
        _ start: UnsafeRawPointer, _ limit: UnsafeRawPointer, _ place: Place, _ batch: RecordBatch, _ flows: inout [FlowEvent]
    ) -> UnsafeRawPointer?

    /// There are no more records.
    mutating func finish(_ batch: RecordBatch, _ flows: inout [FlowEvent])

    /// The first record that is read and waits for later ones: the stream is taken up there.
    var openPlace: Place? { get }
    /// What earlier records tell about later ones, for `resume`.
    var context: String { get }
    /// Forgets what it knows of the stream, and knows what `context` says.
    mutating func resume(context: String)
    /// Off in tests that compare the two ways of reading a line.
    var usesTemplates: Bool { get set }

    func deallocate()
}

extension RecordReader {
    @inline(__always)
    mutating func quick(
        _ start: UnsafeRawPointer, _ limit: UnsafeRawPointer, _ place: Place, _ batch: RecordBatch, _ flows: inout [FlowEvent]
    ) -> UnsafeRawPointer? { nil }

    mutating func finish(_ batch: RecordBatch, _ flows: inout [FlowEvent]) {}

    var openPlace: Place? { nil }
    var context: String { "" }
    var usesTemplates: Bool {
        get { false }
        set {}
    }
}
