/// A stretch of a segment file: one gzip member, or bytes that should have been one.
public struct Frame: Hashable, Sendable {
    public enum Form: Hashable, Sendable {
        /// A frame of this format, by its header; what is inside has not been looked at.
        case native(FrameHeader)
        /// A gzip member that another program wrote. It inflates without an error.
        case foreign
        /// The end of the file is the beginning of a frame: the writer was interrupted, or the file was cut.
        case torn
        /// Bytes that are no frame; the text says what is wrong.
        case damaged(String)
    }

    public var form: Form
    /// Byte offset in the segment file.
    public var offset: UInt64
    /// Bytes in the segment file.
    public var length: UInt64

    public init(form: Form, offset: UInt64, length: UInt64) {
        self.form = form
        self.offset = offset
        self.length = length
    }

    public var end: UInt64 { offset + length }

    public var header: FrameHeader? {
        if case .native(let header) = form { header } else { nil }
    }
}
