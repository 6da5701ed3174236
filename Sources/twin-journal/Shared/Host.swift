import Glibc

enum Host {
    /// The machine's name; nil when it has none.
    static var name: String? {
        var bytes = [UInt8](repeating: 0, count: 256)
        let isKnown = bytes.withUnsafeMutableBytes { buffer -> Bool in
            guard let base = buffer.baseAddress else { return false }
            return gethostname(base.assumingMemoryBound(to: CChar.self), buffer.count - 1) == 0
        }
        let name = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        return isKnown && !name.isEmpty ? name : nil
    }
}
