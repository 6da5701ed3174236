import FlowModel

/// Where a record stands in its stream.
struct Place {
    /// Byte offset in the inflated stream.
    var offset: UInt64
    /// From 1.
    var line: UInt64
}

extension RecordBatch {
    /// Adds the unknown members, as `"path":value` pairs, as one object; -1 when there are none.
    func keep(_ pairs: [String]) -> Int32 {
        guard !pairs.isEmpty else { return -1 }
        extras.append("{" + pairs.joined(separator: ",") + "}")
        return Int32(truncatingIfNeeded: extras.count - 1)
    }

    func symbol(_ text: String?) -> Symbol {
        text.map { symbols.intern($0) } ?? .none
    }

    func quarantine(
        _ rejection: Rejection, _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, _ place: Place, isTruncated: Bool = false
    ) {
        quarantined.append(
            QuarantinedLine(
                offset: place.offset, line: place.line, reason: rejection.reason, detail: rejection.detail,
                raw: UnsafeRawBufferPointer(start: start, count: end - start), isTruncated: isTruncated))
    }
}
