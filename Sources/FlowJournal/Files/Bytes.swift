/// Access to the bytes of an array with errors of one type.
extension [UInt8] {
    func withBytes<Result, Failure>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeBufferPointer { buffer throws(Failure) in
            try body(UnsafeRawBufferPointer(buffer))
        }
    }

    mutating func withMutableBytes<Result, Failure>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeMutableBufferPointer { buffer throws(Failure) in
            try body(UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// Access to the first `count` bytes, growing the array when it is shorter.
    mutating func withMutableBytes<Result, Failure>(
        count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if self.count < count { self = [UInt8](repeating: 0, count: Swift.max(count, self.count * 2)) }
        return try withMutableBytes { buffer throws(Failure) in
            try body(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}
