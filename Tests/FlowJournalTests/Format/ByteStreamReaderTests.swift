import CZlib
import Testing

@testable import FlowJournal

@Suite struct ByteStreamReaderTests {
    let directory = TemporaryDirectory()

    /// zlib's own compressor, one call.
    static func compress(_ bytes: [UInt8], windowBits: Int32) -> [UInt8] {
        var stream = z_stream()
        guard twin_deflate_init(&stream, 6, windowBits) == Z_OK else { return [] }
        defer { deflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))) + 32)
        let outputCount = output.count
        return input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.next_in = source.baseAddress
                stream.avail_in = uInt(bytes.count)
                stream.next_out = target.baseAddress
                stream.avail_out = uInt(outputCount)
                guard deflate(&stream, Z_FINISH) == Z_STREAM_END else { return [] }
                return Array(target[..<Int(stream.total_out)])
            }
        }
    }

    static func gzip(_ bytes: [UInt8]) -> [UInt8] { compress(bytes, windowBits: 31) }
    static func zlib(_ bytes: [UInt8]) -> [UInt8] { compress(bytes, windowBits: 15) }

    struct Reading: Equatable {
        var compression = ByteStreamReader.Compression.none
        var bytes: [UInt8] = []
        var problem: StreamProblem?
    }

    func read(_ bytes: [UInt8], step: Int = 1 << 16) throws -> Reading {
        let path = directory.path + "/input"
        TestFile.write(bytes, to: path)
        let reader = try ByteStreamReader(path: path)
        var reading = Reading(compression: reader.compression)
        var buffer = [UInt8](repeating: 0, count: step)
        while true {
            do throws(StreamProblem) {
                let count = try buffer.withMutableBytes { bytes throws(StreamProblem) in try reader.read(into: bytes) }
                if count == 0 { return reading }
                reading.bytes.append(contentsOf: buffer[..<count])
                #expect(reader.offset == UInt64(reading.bytes.count))
            } catch {
                reading.problem = error
                return reading
            }
        }
    }

    static let text = Array((0..<400).map { "line \($0)\n" }.joined().utf8)

    @Test(arguments: [1, 7, 4_096])
    func everyKindIsReadWhole(step: Int) throws {
        let text = Self.text
        let members = Self.gzip(Array(text[..<100])) + Self.gzip([]) + Self.gzip(Array(text[100...]))
        #expect(try read(text, step: step) == Reading(compression: .none, bytes: text))
        #expect(try read(Self.gzip(text), step: step) == Reading(compression: .gzip, bytes: text))
        #expect(try read(members, step: step) == Reading(compression: .gzip, bytes: text))
        #expect(try read(members + [UInt8](repeating: 0, count: 700), step: step) == Reading(compression: .gzip, bytes: text))
        #expect(try read(Self.zlib(text), step: step) == Reading(compression: .zlib, bytes: text))
        #expect(try read([], step: step) == Reading())
        #expect(try read(Self.gzip([]), step: step) == Reading(compression: .gzip))
    }

    @Test func plainTextThatLooksLikeZlibIsPlain() throws {
        for text in ["x^2 is not compressed", "hC is a carbon", "8O", "x", "xZ"] {
            #expect(try read(Array(text.utf8)) == Reading(compression: .none, bytes: Array(text.utf8)), "\(text)")
        }
    }

    @Test func aCutIsToldAtEveryByteAfterWhatCouldBeRead() throws {
        let text = Self.text
        for (whole, compression) in [(Self.gzip(text), ByteStreamReader.Compression.gzip), (Self.zlib(text), .zlib)] {
            for cut in 3..<whole.count {
                let reading = try read(Array(whole[..<cut]))
                #expect(reading.compression == compression, "cut at \(cut)")
                #expect(reading.problem == .truncated(compressedOffset: UInt64(cut), offset: UInt64(reading.bytes.count)), "cut at \(cut)")
                #expect(text.starts(with: reading.bytes))
            }
        }
    }

    @Test func aCutBetweenMembersIsNoCut() throws {
        let first = Self.gzip(Array(Self.text[..<100]))
        let second = Self.gzip(Array(Self.text[100...]))
        for cut in 1...12 {
            let reading = try read(first + second[..<cut])
            #expect(reading.bytes == Array(Self.text[..<100]))
            #expect(reading.problem != nil)
        }
    }

    @Test func damageIsToldAfterWhatCouldBeRead() throws {
        let whole = Self.gzip(Self.text)
        for offset in 10..<whole.count {
            var damaged = whole
            damaged[offset] ^= 0x55
            let reading = try read(damaged)
            #expect(reading.problem != nil, "byte \(offset)")
        }
    }

    @Test func bytesAfterTheEndAreTold() throws {
        let gzip = Self.gzip(Self.text)
        #expect(
            try read(gzip + Array("more".utf8))
                == Reading(
                    compression: .gzip, bytes: Self.text,
                    problem: .trailingBytes(compressedOffset: UInt64(gzip.count), offset: UInt64(Self.text.count))))
        let zlib = Self.zlib(Self.text)
        #expect(
            try read(zlib + Array("more".utf8))
                == Reading(
                    compression: .zlib, bytes: Self.text,
                    problem: .trailingBytes(compressedOffset: UInt64(zlib.count), offset: UInt64(Self.text.count))))
    }

    @Test func paddingMayBeOfAnyLengthAndHidesNothing() throws {
        let gzip = Self.gzip(Self.text)
        let zeros = [UInt8](repeating: 0, count: 3 * ByteStreamReader.chunkBytes + 5)
        #expect(try read(gzip + zeros) == Reading(compression: .gzip, bytes: Self.text))
        let end = UInt64(gzip.count + zeros.count)
        let reading = try read(gzip + zeros + Array("more".utf8))
        #expect(reading.bytes == Self.text)
        guard case .trailingBytes(let offset, UInt64(Self.text.count)) = reading.problem else {
            Issue.record("\(reading.problem.map { "\($0)" } ?? "nothing") is told")
            return
        }
        // Where the piece of input begins that holds more than zeros.
        #expect(offset > UInt64(gzip.count) && offset <= end)
    }

    @Test func whatCannotBeOpenedIsSaid() {
        #expect(throws: StreamProblem.system(SystemProblem(operation: "open", path: directory.path + "/no", code: 2))) {
            try ByteStreamReader(path: directory.path + "/no")
        }
        #expect(throws: StreamProblem.system(SystemProblem(operation: "read", path: directory.path, code: 21))) {
            try ByteStreamReader(path: directory.path)
        }
    }

    @Test func anyCutAndAnyGrainGiveTheSameBytes() {
        forAll(
            seed: 11, count: 60,
            generate: { generator in
                let parts = (0..<Int.random(in: 1...4, using: &generator)).map { _ in generator.bytes(upTo: 3_000) }
                return (parts, Int.random(in: 1...500, using: &generator))
            },
            shrink: { value in shrinkArray(value.0).map { ($0, value.1) } }
        ) { parts, step in
            let members = parts.flatMap { Self.gzip($0) }
            return try parts.isEmpty || read(members, step: step) == Reading(compression: .gzip, bytes: parts.flatMap { $0 })
        }
    }
}
