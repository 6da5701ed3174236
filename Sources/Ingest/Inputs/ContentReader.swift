internal import Crypto
internal import FlowJournal
internal import FlowModel
internal import FlowStore
internal import LogFormats
internal import TextEncodings

/// Reads a file once, up to the size that it had when it was looked at, and hashes what it hands out: what is decoded is what is hashed.
///
/// INVARIANT: touched by one thread at a time.
final class ContentReader: @unchecked Sendable {
    private let reader: ByteStreamReader
    private let size: UInt64
    private var hash = SHA256()
    /// Inflated bytes handed out.
    private(set) var position: Int64 = 0
    /// Why there is nothing behind what was handed out, although the file is not at its end.
    private(set) var problem: StreamProblem?

    /// `size`: of the file.
    init(path: String, size: Int64) throws(StreamProblem) {
        self.size = UInt64(clamping: size)
        reader = try ByteStreamReader(path: path, size: self.size)
    }

    var compression: ByteStreamReader.Compression { reader.compression }
    var fileOffset: Int64 { Int64(clamping: reader.compressedOffset) }

    /// Fills the buffer; fewer bytes only at the end, and before a problem, which the next call throws.
    func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(StreamProblem) -> Int {
        if let problem { throw problem }
        var count = 0
        while count < buffer.count {
            do throws(StreamProblem) {
                let more = try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
                if more == 0 { break }
                count += more
            } catch {
                problem = error
                if count == 0 { throw error }
                break
            }
        }
        return count
    }

    /// Nothing but the end of the file is missing: what was handed out is what the whole file begins with.
    var isCutOff: Bool { problem?.isCut == true }

    /// Notes that these bytes, the next ones, are decoded.
    func note(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bufferPointer: bytes)
        position += Int64(bytes.count)
    }

    /// SHA-256 of the content noted so far.
    var contentDigest: ContentDigest { ContentDigest(size: position, hash: hash) }

    /// Whether the whole file was read, and is the one with this digest.
    func isAllOf(digest: String) -> Bool {
        guard reader.bytesRead == size else { return false }
        if reader.compression == .none { return position == Int64(clamping: size) && contentDigest.text == digest }
        return Hexadecimal.text(reader.fileDigest) == digest
    }
}

/// A digest that is computed when it is asked for.
struct ContentDigest {
    var size: Int64
    fileprivate var hash: SHA256

    static let none = ContentDigest(size: 0, hash: SHA256())

    var text: String {
        let copy = hash
        return Hexadecimal.text(copy.finalize())
    }
}
