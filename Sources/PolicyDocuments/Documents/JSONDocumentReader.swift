import AccessPolicy
import Wording

/// A strict JSON reader (RFC 8259) that keeps line numbers. Refuses duplicate keys, ill-formed UTF-8, lone surrogates and nesting
/// beyond `DocumentNode.deepest`.
struct JSONDocumentReader {
    struct Problem: Error {
        var line: Int
        var message: String
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private var index: Int
    private var line = 1

    static func read(_ bytes: [UInt8], from start: inout Int) throws(Problem) -> DocumentNode {
        let begin = start
        let result = bytes.withUnsafeBufferPointer { buffer -> Result<DocumentNode, Problem> in
            var reader = JSONDocumentReader(bytes: buffer, index: begin)
            do throws(Problem) {
                let node = try reader.value(depth: 0)
                reader.skipBlanks()
                guard reader.index == buffer.count else { throw reader.problem("there is text after the document's end") }
                return .success(node)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, index: Int) {
        self.bytes = bytes
        self.index = index
    }

    private func problem(_ message: String) -> Problem {
        Problem(line: line, message: "not valid JSON: " + message)
    }

    private mutating func skipBlanks() {
        while index < bytes.count {
            switch bytes[index] {
            case 10: line += 1
            case 32, 9, 13: break
            default: return
            }
            index += 1
        }
    }

    private mutating func value(depth: Int) throws(Problem) -> DocumentNode {
        guard depth <= DocumentNode.deepest else { throw problem("nested deeper than \(DocumentNode.deepest) levels") }
        skipBlanks()
        guard index < bytes.count else { throw problem("the text ends in the middle") }
        let here = line
        switch bytes[index] {
        case UInt8(ascii: "{"):
            return DocumentNode(content: .mapping(try mapping(depth: depth)), line: here)
        case UInt8(ascii: "["):
            return DocumentNode(content: .sequence(try sequence(depth: depth)), line: here)
        case UInt8(ascii: "\""):
            return DocumentNode(content: .scalar(try string(), isPlain: false), line: here)
        default:
            return DocumentNode(content: .scalar(try bare(), isPlain: true), line: here)
        }
    }

    private mutating func mapping(depth: Int) throws(Problem) -> [DocumentNode.Entry] {
        index += 1
        var entries: [DocumentNode.Entry] = []
        var keys: Set<String> = []
        skipBlanks()
        if take(UInt8(ascii: "}")) { return entries }
        while true {
            skipBlanks()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { throw problem("expected a key in quotes") }
            let here = line
            let key = try string()
            guard keys.insert(key).inserted else { throw problem("the key \(key.quoted) is there twice") }
            skipBlanks()
            guard take(UInt8(ascii: ":")) else { throw problem("expected `:` after the key \(key.quoted)") }
            let value = try value(depth: depth + 1)
            entries.append(DocumentNode.Entry(key: key, line: here, value: value))
            skipBlanks()
            if take(UInt8(ascii: "}")) { return entries }
            guard take(UInt8(ascii: ",")) else { throw problem("expected `,` or `}`") }
        }
    }

    private mutating func sequence(depth: Int) throws(Problem) -> [DocumentNode] {
        index += 1
        var items: [DocumentNode] = []
        skipBlanks()
        if take(UInt8(ascii: "]")) { return items }
        while true {
            items.append(try value(depth: depth + 1))
            skipBlanks()
            if take(UInt8(ascii: "]")) { return items }
            guard take(UInt8(ascii: ",")) else { throw problem("expected `,` or `]`") }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private mutating func bare() throws(Problem) -> String {
        let start = index
        while index < bytes.count, isBare(bytes[index]) { index += 1 }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        guard text == "true" || text == "false" || text == "null" || isNumber(bytes[start..<index]) else {
            throw problem(text.isEmpty ? "expected a value" : "\(text.quoted) is not a value")
        }
        return text
    }

    private func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 43, 45, 46: true
        default: false
        }
    }

    private func isNumber(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        var rest = text
        func digits(_ rest: inout Slice<UnsafeBufferPointer<UInt8>>) -> Int {
            let tail = rest.drop { $0 >= 48 && $0 <= 57 }
            let count = rest.count - tail.count
            rest = tail
            return count
        }
        if rest.first == 45 { rest = rest.dropFirst() }
        let leading = rest.first
        let whole = digits(&rest)
        guard whole > 0, whole == 1 || leading != 48 else { return false }
        if rest.first == 46 {
            rest = rest.dropFirst()
            guard digits(&rest) > 0 else { return false }
        }
        if rest.first == 101 || rest.first == 69 {
            rest = rest.dropFirst()
            if rest.first == 43 || rest.first == 45 { rest = rest.dropFirst() }
            guard digits(&rest) > 0 else { return false }
        }
        return rest.isEmpty
    }

    private mutating func string() throws(Problem) -> String {
        index += 1
        let start = index
        while index < bytes.count, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\"), bytes[index] >= 32 {
            index += 1
        }
        guard index < bytes.count else { throw problem("a text is not closed") }
        if bytes[index] == UInt8(ascii: "\"") {
            guard let text = String(validating: bytes[start..<index], as: UTF8.self) else {
                throw problem("a text is not UTF-8")
            }
            index += 1
            return text
        }
        var output = Array(bytes[start..<index])
        while true {
            guard index < bytes.count else { throw problem("a text is not closed") }
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: output, as: UTF8.self) else { throw problem("a text is not UTF-8") }
                return text
            case UInt8(ascii: "\\"):
                try escape(into: &output)
            case ..<32:
                throw problem("a text holds a control character that is not escaped")
            default:
                output.append(byte)
            }
        }
    }

    private mutating func escape(into output: inout [UInt8]) throws(Problem) {
        guard index < bytes.count else { throw problem("a text is not closed") }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(byte)
        case UInt8(ascii: "b"): output.append(8)
        case UInt8(ascii: "f"): output.append(12)
        case UInt8(ascii: "n"): output.append(10)
        case UInt8(ascii: "r"): output.append(13)
        case UInt8(ascii: "t"): output.append(9)
        case UInt8(ascii: "u"):
            var value = try hexadecimal()
            if value >> 10 == 0xd800 >> 10, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
                bytes[index + 1] == UInt8(ascii: "u")
            {
                index += 2
                let low = try hexadecimal()
                guard low >> 10 == 0xdc00 >> 10 else { throw problem("a text holds half a surrogate pair") }
                value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(value) else { throw problem("a text holds half a surrogate pair") }
            output.append(contentsOf: Array(String(Character(scalar)).utf8))
        default:
            throw problem("a text holds an escape that JSON does not have")
        }
    }

    private mutating func hexadecimal() throws(Problem) -> UInt32 {
        guard index + 4 <= bytes.count else { throw problem("a text is not closed") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = bytes[index]
            let digit: UInt8
            switch byte {
            case 48...57: digit = byte - 48
            case 97...102: digit = byte - 87
            case 65...70: digit = byte - 55
            default: throw problem("a text holds an escape that JSON does not have")
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }
}
