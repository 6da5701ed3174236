/// Files whose text cannot be read as it stands, with the program that makes it readable.
enum ForeignEncoding {
    /// What stands in the way of reading the bytes in any format; nil when nothing does. `bytes` are the first of the inflated stream.
    static func obstacle(_ bytes: UnsafeRawBufferPointer) -> String? {
        for (mark, what) in marks where bytes.count >= mark.count && bytes.starts(with: mark) { return what }
        if bytes.count >= 262, bytes[257..<262].elementsEqual("ustar".utf8) {
            return "it is an archive: pipe what is in it through `tar -xO -f FILE MEMBER` and ingest `-`"
        }
        return wideText(bytes)
    }

    private static let marks: [(mark: [UInt8], what: String)] = [
        ([0x1f, 0x8b], piped("gzip within gzip", "zcat")),
        ([0x28, 0xb5, 0x2f, 0xfd], piped("zstd", "zstdcat")),
        (Array("BZh".utf8), piped("bzip2", "bzcat")),
        ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], piped("xz", "xzcat")),
        ([0x04, 0x22, 0x4d, 0x18], piped("lz4", "lz4cat")),
        ([0x02, 0x21, 0x4c, 0x18], piped("lz4", "lz4cat")),
        ([0x1f, 0x9d], piped("compress", "zcat")),
        (Array("LZIP".utf8), piped("lzip", "lzip -dc")),
        ([0x5d, 0x00, 0x00, 0x80, 0x00], piped("lzma", "xzcat")),
        ([0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59], piped("snappy", "snzip -dc")),
        ([0x50, 0x4b, 0x03, 0x04], "it is a zip archive: pipe what is in it through `unzip -p` and ingest `-`"),
        ([0x50, 0x4b, 0x05, 0x06], "it is an empty zip archive"),
        ([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "it is a 7-Zip archive: pipe what is in it through `7z x -so` and ingest `-`"),
        (Array("PAR1".utf8), "it is a Parquet file: export its rows as NDJSON"),
        (Array("SQLite format 3".utf8), "it is an SQLite database"),
        (Array("LPKSHHRH".utf8), "it is a journal of systemd: pipe it through `journalctl --all -o json --file FILE` and ingest `-`"),
    ]

    private static func piped(_ what: String, _ program: String) -> String {
        "it is compressed with \(what): pipe it through `\(program)` and ingest `-`"
    }

    /// UTF-16 and UTF-32, with a byte order mark or told by where their zero bytes stand.
    private static func wideText(_ bytes: UnsafeRawBufferPointer) -> String? {
        let marks: [(mark: [UInt8], name: String)] = [
            ([0xff, 0xfe, 0, 0], "UTF-32LE"), ([0, 0, 0xfe, 0xff], "UTF-32BE"), ([0xff, 0xfe], "UTF-16"), ([0xfe, 0xff], "UTF-16"),
        ]
        for (mark, name) in marks where bytes.count >= mark.count && bytes.starts(with: mark) { return converted(name) }
        // Logs are ASCII for the most part: of two bytes of UTF-16 one is zero and the other is not. Holes are zero throughout.
        var even = 0
        var odd = 0
        var both = 0
        let sample = bytes.prefix(4_096)
        for index in stride(from: 0, to: sample.count - 1, by: 2) {
            let (first, second) = (sample[index], sample[index + 1])
            if first == 0, second == 0 { both += 1 } else if first == 0 { even += 1 } else if second == 0 { odd += 1 }
        }
        let pairs = sample.count / 2 - both
        guard pairs >= 4 else { return nil }
        // Of four bytes three are zero.
        if both * 2 >= sample.count / 2 - 2, both * 2 <= sample.count / 2 + 2 {
            if odd == pairs { return converted("UTF-32LE") }
            if even == pairs { return converted("UTF-32BE") }
        }
        if odd * 10 >= pairs * 8, even * 10 <= pairs { return converted("UTF-16LE") }
        if even * 10 >= pairs * 8, odd * 10 <= pairs { return converted("UTF-16BE") }
        return nil
    }

    private static func converted(_ name: String) -> String {
        "it is \(name): pipe it through `iconv -f \(name) -t UTF-8` and ingest `-`"
    }
}
