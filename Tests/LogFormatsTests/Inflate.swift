/// A plain decoder of gzip, zlib and deflate streams (RFC 1950–1952), so that samples can be read without a library; checksums
/// are not looked at.
struct Inflate {
    private let input: [UInt8]
    private var position = 0
    private var bitBuffer = 0
    private var bitCount = 0
    private var output: [UInt8] = []

    struct Broken: Error {}

    /// The bytes behind `data`, whatever its wrapping; plain data comes back as it is.
    static func anything(_ data: [UInt8]) throws -> [UInt8] {
        if data.count > 2, data[0] == 0x1f, data[1] == 0x8b { return try gzip(data) }
        if data.count > 2, data[0] & 0x0f == 8, (Int(data[0]) << 8 | Int(data[1])) % 31 == 0 {
            var inflate = Inflate(input: data, position: 2)
            try inflate.blocks()
            return inflate.output
        }
        return data
    }

    private init(input: [UInt8], position: Int) {
        self.input = input
        self.position = position
    }

    private static func gzip(_ data: [UInt8]) throws -> [UInt8] {
        var result: [UInt8] = []
        var start = 0
        while start + 18 <= data.count {
            let flags = data[start + 3]
            var position = start + 10
            if flags & 4 != 0 { position += 2 + Int(data[position]) + Int(data[position + 1]) << 8 }
            for flag in [UInt8(8), 16] where flags & flag != 0 {
                while data[position] != 0 { position += 1 }
                position += 1
            }
            if flags & 2 != 0 { position += 2 }
            var inflate = Inflate(input: data, position: position)
            try inflate.blocks()
            result += inflate.output
            start = inflate.position + 8
        }
        return result
    }

    private mutating func bits(_ count: Int) throws -> Int {
        while bitCount < count {
            guard position < input.count else { throw Broken() }
            bitBuffer |= Int(input[position]) << bitCount
            position += 1
            bitCount += 8
        }
        defer {
            bitBuffer >>= count
            bitCount -= count
        }
        return bitBuffer & (1 << count - 1)
    }

    private mutating func blocks() throws {
        var isLast = false
        while !isLast {
            isLast = try bits(1) == 1
            switch try bits(2) {
            case 0:
                bitBuffer = 0
                bitCount = 0
                guard position + 4 <= input.count else { throw Broken() }
                let count = Int(input[position]) | Int(input[position + 1]) << 8
                position += 4
                guard position + count <= input.count else { throw Broken() }
                output += input[position..<position + count]
                position += count
            case 1:
                let lengths = (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 }
                try block(Huffman(lengths), Huffman([Int](repeating: 5, count: 30)))
            case 2: try dynamicBlock()
            default: throw Broken()
            }
        }
    }

    private mutating func dynamicBlock() throws {
        let literals = try bits(5) + 257
        let distances = try bits(5) + 1
        let codes = try bits(4) + 4
        let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
        var lengths = [Int](repeating: 0, count: 19)
        for index in 0..<codes { lengths[order[index]] = try bits(3) }
        let code = Huffman(lengths)
        var all: [Int] = []
        while all.count < literals + distances {
            switch try symbol(code) {
            case 16:
                guard let last = all.last else { throw Broken() }
                all += [Int](repeating: last, count: 3 + (try bits(2)))
            case 17: all += [Int](repeating: 0, count: 3 + (try bits(3)))
            case 18: all += [Int](repeating: 0, count: 11 + (try bits(7)))
            case let length: all.append(length)
            }
        }
        try block(Huffman(Array(all[..<literals])), Huffman(Array(all[literals...])))
    }

    private mutating func block(_ literals: Huffman, _ distances: Huffman) throws {
        let lengthBase = [
            3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
        ]
        let lengthBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
        let distanceBase = [
            1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193,
            12289, 16385, 24577,
        ]
        while true {
            let symbol = try symbol(literals)
            if symbol < 256 {
                output.append(UInt8(symbol))
            } else if symbol == 256 {
                return
            } else {
                guard symbol - 257 < lengthBase.count else { throw Broken() }
                let length = lengthBase[symbol - 257] + (try bits(lengthBits[symbol - 257]))
                let slot = try self.symbol(distances)
                guard slot < distanceBase.count else { throw Broken() }
                let distance = distanceBase[slot] + (try bits(slot < 4 ? 0 : slot / 2 - 1))
                guard distance <= output.count else { throw Broken() }
                for _ in 0..<length { output.append(output[output.count - distance]) }
            }
        }
    }

    private mutating func symbol(_ code: Huffman) throws -> Int {
        var value = 0
        var first = 0
        var index = 0
        for length in 1...15 {
            value |= try bits(1)
            let count = code.counts[length]
            if value - count < first { return code.symbols[index + value - first] }
            index += count
            first = (first + count) << 1
            value <<= 1
        }
        throw Broken()
    }

    private struct Huffman {
        var counts = [Int](repeating: 0, count: 16)
        var symbols: [Int] = []

        init(_ lengths: [Int]) {
            for length in lengths { counts[length] += 1 }
            counts[0] = 0
            for length in 1...15 { symbols += lengths.indices.filter { lengths[$0] == length } }
        }
    }
}
