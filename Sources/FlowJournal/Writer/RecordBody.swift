/// Takes a record's object apart, as far as numbering it needs.
enum RecordBody {
    /// What follows the opening brace, without blanks at its start.
    static func afterBrace(_ record: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var start = 0
        while start < record.count, isBlank(record[start]) { start += 1 }
        start = min(start + 1, record.count)
        while start < record.count, isBlank(record[start]) { start += 1 }
        return UnsafeRawBufferPointer(rebasing: record[start...])
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }
}
