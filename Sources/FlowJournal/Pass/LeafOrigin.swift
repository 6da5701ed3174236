extension JournalPass.Leaf {
    /// The journal's identity as a `journal_opened` record of this frame states it; nil when there is none, or when the frame cannot be read.
    public func openedOrigin(with inflater: FrameInflater) -> String? {
        guard let header = frame.header else { return nil }
        var lines = [UInt8](repeating: 0, count: Int(header.inflatedLength))
        return lines.withUnsafeMutableBytes { buffer in
            // A frame that does not inflate is reported by whoever decodes it.
            guard let count = try? inflate(with: inflater, into: buffer) else { return nil }
            return OwnRecords.find(in: UnsafeRawBufferPointer(rebasing: buffer[..<count])).compactMap(\.openedOrigin).first
        }
    }
}
